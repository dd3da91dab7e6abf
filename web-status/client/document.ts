/**
 * The schemas of the JSON API, as its OpenAPI document has them. Written by `npm run types`.
 */

export type AddChangeCall = { id: string | number | null; jsonrpc: '2.0'; method: 'add'; params: { author: string; branch?: string | null; category?: string | null; codebase?: string; comments?: string; committer?: string | null; files?: string[]; project?: string; properties?: Record<string, unknown>; repository?: string; revision?: string | null; revlink?: string | null; when_timestamp?: number; when_us?: number } };

export type AgainDeadLetterCall = { id: string | number | null; jsonrpc: '2.0'; method: 'again'; params: Record<string, unknown> };

export type Branch = { branchid: number; codebaseid: number; commitid: number | null; last_timestamp: number; last_timestamp_us: number; name: string };

export type BranchAnswer = { branches: Branch[]; meta: Meta };

export type BrokenBuilder = { builderid: number; last: BuildCell; last_good_buildid: number | null; since: BuildCell };

export type Build = { builderid: number; buildid: number; buildrequestid: number; complete: boolean; complete_at: number | null; complete_at_us?: number; locks_duration_s: number; masterid: number; number: number; properties: Properties; results: Results | null; started_at: number; started_at_us: number; state_string: string; workerid: number };

export type BuildAnswer = { builds: Build[]; meta: Meta };

export type BuildCell = [number, number, number, number | null, Results | null];

export type BuildData = { buildid: number; length: number; name: string; source: string; value: null };

export type BuildDataAnswer = { build_data: BuildData[]; meta: Meta };

export type BuildRequest = { builderid: number; buildrequestid: number; buildsetid: number; claimed: boolean; claimed_at: number | null; claimed_at_us?: number; claimed_by_masterid: number | null; complete: boolean; complete_at: number | null; complete_at_us?: number; priority: number; properties: Properties | null; results: RequestResults; submitted_at: number; submitted_at_us: number; waited_for: boolean; waiting_for: string | null };

export type BuildRequestAnswer = { buildrequests: BuildRequest[]; meta: Meta };

export type Builder = { builderid: number; description: string | null; description_format: string | null; description_html: null; masterids: number[]; name: string; projectid: number | null; tags: string[] };

export type BuilderAnswer = { builders: Builder[]; meta: Meta };

export type Buildset = { bsid: number; complete: boolean; complete_at: number | null; complete_at_us?: number; external_idstring: string | null; parent_buildid: number | null; parent_relationship: string | null; reason: string; rebuilt_buildid: number | null; results: Results | null; sourcestamps: SourceStamp[]; submitted_at: number; submitted_at_us: number };

export type BuildsetAnswer = { buildsets: Buildset[]; meta: Meta };

export type CancelBuildRequestCall = { id: string | number | null; jsonrpc: '2.0'; method: 'cancel'; params: { reason?: string | null } };

export type Cell = { builderid: number; builds: BuildCell[]; row: number; waiting?: number[] };

export type Change = { author: string; branch: string | null; category: string | null; changeid: number; codebase: string; comments: string; committer: string | null; files: string[]; parent_changeids: number[]; project: string; properties: Properties; repository: string; revision: string | null; revlink: string; sourcestamp: SourceStamp; when_timestamp: number; when_timestamp_us: number };

export type ChangeAnswer = { changes: Change[]; meta: Meta };

export type ChangeSource = { changesourceid: number; master: MasterWithin | null; name: string };

export type ChangeSourceAnswer = { changesources: ChangeSource[]; meta: Meta };

export type Codebase = { codebaseid: number; name: string; projectid: number; slug: string };

export type CodebaseAnswer = { codebases: Codebase[]; meta: Meta };

export type Commit = { author: string; codebaseid: number; comments: string; commitid: number; committer: string | null; parent_commitid: number | null; revision: string; when_timestamp: number; when_timestamp_us: number };

export type CommitAnswer = { commits: Commit[]; meta: Meta };

export type CommitGraph = { common: number | null; common_commit: Commit | null; to1: number[]; to2: number[] };

export type CommitGraphAnswer = { commit_graphs: CommitGraph[]; meta: Meta };

export type Config = { auth: { name: string }; buildbotURL: string; title: string; titleURL: string; user: Identity };

export type ConfigurationAnswer = { id: string | number | null; jsonrpc: '2.0'; result: { changes: ({ difference: 'added' | 'removed' | 'changed'; fields: string[]; kind: string; name: string })[]; restart: string[]; unlisted: number } | { parts: ({ fields: Record<string, string>; kind: string; name: string })[]; salt: string } };

export type ConfiguredOn = { builderid: number; masterid: number };

export type ConnectedTo = { masterid: number };

export type ConsoleView = { builders: Builder[]; cells: Cell[]; changes: Change[] };

export type DeadLetter = { again: boolean; cursor: number; dead_letterid: number; event: Event; listenerid: number; parked_at: number; parked_at_us: number; why: string };

export type DeadLetterAnswer = { dead_letters: DeadLetter[]; meta: Meta };

export type Dependency = { error?: string; note?: string; ok: boolean };

export type DescribeConfigurationMasterCall = { id: string | number | null; jsonrpc: '2.0'; method: 'describe_configuration'; params: Record<string, unknown> };

export type DoneAnswer = { id: string | number | null; jsonrpc: '2.0'; result: null };

export type DropDeadLetterCall = { id: string | number | null; jsonrpc: '2.0'; method: 'drop'; params: Record<string, unknown> };

export type DropListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'drop'; params: { first?: number | null } };

export type EnableSchedulerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'enable'; params: { enabled: boolean } };

export type Error = { code?: 'not_found' | 'invalid_query' | 'invalid_input' | 'cursor_expired' | 'content_deleted' | 'unauthenticated' | 'permission_denied' | 'conflict' | 'too_many' | 'unavailable' | 'not_supported' | 'internal'; error: string; field?: string; fields?: Record<string, string>; implementer?: string; oldest?: number; operation?: string; what?: string; why?: string };

export type ErrorDetails = { code: 'not_found' | 'invalid_query' | 'invalid_input' | 'cursor_expired' | 'content_deleted' | 'unauthenticated' | 'permission_denied' | 'conflict' | 'too_many' | 'unavailable' | 'not_supported' | 'internal'; field?: string; fields?: Record<string, string>; implementer?: string; oldest?: number; operation?: string; what?: string; why?: string };

export type Event = { at_us: number; key: string[]; message: Record<string, unknown> };

export type ExpectedEnd = { buildid: number; end_at: number; end_at_us: number };

export type ForceField = { any_properties?: boolean; autopopulate: null; choices?: string[]; codebase?: string; cols?: number; columns?: number | null; default: unknown; fields?: ForceField[]; fullName: string | null; hide: boolean; label: string; layout?: string; max?: number | null; maxsize: number | null; min?: number | null; multiple: boolean; name: string; need_email?: boolean; pattern?: string | null; regex: null; required: boolean; rows?: number; size?: number; strict?: boolean; tablabel: string; tooltip: string; type: 'text' | 'textarea' | 'int' | 'bool' | 'list' | 'username' | 'file' | 'nested' };

export type ForceForceSchedulerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'force'; params: { builderNames?: string[]; builderid?: number; priority?: number | null; reason?: string | null } & Record<string, unknown> };

export type ForceScheduler = { all_fields: ForceField[]; builder_names: string[]; button_name: string; enabled: boolean; label: string; name: string; properties: Properties };

export type ForceSchedulerAnswer = { forceschedulers: ForceScheduler[]; meta: Meta };

export type ForgetListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'forget'; params: Record<string, unknown> };

export type GridRevision = { sourcestamps: SourceStamp[]; submitted_at: number; submitted_at_us: number };

export type GridView = { builders: Builder[]; cells: Cell[]; revisions: GridRevision[] };

export type Health = { status: 'ok' };

export type HoldListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'hold'; params: { holder: string; kind: string; listener: string; on: string; seconds: number } };

export type HomeView = { broken: BrokenBuilder[]; builders: Builder[]; expected: ExpectedEnd[]; reasons: WaitReason[]; recent: Build[]; running: Build[]; steps: Step[]; waiting: BuildRequest[]; workers: Worker[] };

export type Identity = { anonymous: boolean; email?: string | null; full_name?: string; groups?: string[]; roles?: string[]; username?: string };

export type KeepPlaceListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'keep_place'; params: { holder: string; listener: string; place: { after: number; done: number[] }; rewinds: number } };

export type KeepStateListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'keep_state'; params: { holder: string; listener: string; state: unknown } };

export type KillWorkerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'kill'; params: { reason?: string | null } };

export type ListenedAnswer = { id: string | number | null; jsonrpc: '2.0'; result: null | { held_by: string } | { place: { after: number; done: number[] } | null; rewinds: number; state?: unknown } };

export type Listener = { dead_letters: number; held_by: string | null; held_until: number | null; held_until_us?: number; kind: string; listenerid: number; name: string; place: number | null; waiting: boolean; waiting_reason: string | null; waiting_since: number | null; waiting_since_us?: number };

export type ListenerAnswer = { listeners: Listener[]; meta: Meta };

export type Log = { complete: boolean; logid: number; name: string; num_lines: number; slug: string; stepid: number; type: LogType };

export type LogAnswer = { logs: Log[]; meta: Meta };

export type LogChunk = { content: string; firstline: number; logid: number; times_us?: ([number, number])[] | null };

export type LogChunkAnswer = { logchunks: LogChunk[]; meta: Meta };

export type LogHit = { line: number; ranges: ([number, number])[]; stream: string | null; text: string; text_start: number };

export type LogSearch = { complete: boolean; hits: LogHit[]; logid: number; next_offset: number };

export type LogSearchAnswer = { logsearches: LogSearch[]; meta: Meta };

export type LogType = 's' | 't' | 'h' | 'd';

export type MadeAnswer = { id: string | number | null; jsonrpc: '2.0'; result: [number, Record<string, number>] | null };

export type MadeToken = { created_at: number; expires_at: number | null; name: string; origin: 'made' | 'sign-in'; revoked_at: number | null; scopes: ('read' | 'control' | 'tokens')[]; token: string; tokenid: number; user: string };

export type Master = { active: boolean; last_active: number; last_active_us: number; masterid: number; name: string };

export type MasterAnswer = { masters: Master[]; meta: Meta };

export type MasterWithin = { active?: boolean; last_active?: number; last_active_us?: number; masterid: number; name?: string };

export type Meta = { next?: string; total?: number };

export type NewToken = { expires_at?: number | null; name?: string | null; scopes?: ('read' | 'control' | 'tokens')[]; user?: string | null };

export type NewTokenAnswer = { meta: Meta; tokens: MadeToken[] };

export type NoteListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'note'; params: { holder: string; listener: string; waiting: string | null } };

export type ParkListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'park'; params: { event: number; holder: string; listener: string; why: string } };

export type Patch = { author: string; body: null; body_base64: string; comment: string; level: number; patchid: number; subdir: string };

export type PauseWorkerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'pause'; params: { reason?: string | null } };

export type Project = { active: boolean; description: string | null; description_format: string | null; description_html: null; name: string; projectid: number; slug: string };

export type ProjectAnswer = { meta: Meta; projects: Project[] };

export type Properties = Record<string, [unknown, string]>;

export type PropertiesAnswer = { meta: Meta; properties: Properties[] };

export type PropertyList = { name: string; source: string; value: string };

export type PropertyListAnswer = { _properties: PropertyList[]; meta: Meta };

export type Ready = { dependencies: Record<string, Dependency>; status: 'ready' };

export type RebuildBuildCall = { id: string | number | null; jsonrpc: '2.0'; method: 'rebuild'; params: Record<string, unknown> };

export type RecallListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'recall'; params: { holder: string; listener: string } };

export type ReconfigureMasterCall = { id: string | number | null; jsonrpc: '2.0'; method: 'reconfigure'; params: Record<string, unknown> };

export type RefusedAnswer = { error: { code: number; data?: ErrorDetails; message: string | Record<string, string> }; id?: string | number | null; jsonrpc: '2.0' };

export type ReleaseListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'release'; params: { holder: string; listener: string } };

export type ReplayListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'replay'; params: { everything?: boolean; first?: number | null } };

export type RequestResults = -1 | 0 | 1 | 2 | 3 | 4 | 5 | 6;

export type Results = 0 | 1 | 2 | 3 | 4 | 5 | 6;

export type RootLink = { name: string };

export type RootLinkAnswer = { meta: Meta; rootlinks: RootLink[] };

export type Scheduler = { enabled: boolean; master: MasterWithin | null; name: string; schedulerid: number };

export type SchedulerAnswer = { meta: Meta; schedulers: Scheduler[] };

export type SetPriorityBuildRequestCall = { id: string | number | null; jsonrpc: '2.0'; method: 'set_priority'; params: { priority: number } };

export type SignIn = { password: string; username: string };

export type SocketCommand = { _id: unknown; bookmarks?: boolean; cmd: 'startConsuming' | 'stopConsuming' | 'ping'; path?: string; since?: number };

export type SocketFrame = { at_us: number; cursor: number; k: string; m: Record<string, unknown> } | { bookmark: true; cursor: number } | { _id: unknown; code: number; cursor?: number; error?: string; msg?: string };

export type SourceStamp = { branch: string | null; codebase: string; created_at: number; created_at_us: number; patch: Patch | null; project: string; repository: string; revision: string | null; ssid: number };

export type SourceStampAnswer = { meta: Meta; sourcestamps: SourceStamp[] };

export type Spec = { path: string; plural: string; type: string; type_spec: Record<string, unknown> };

export type SpecAnswer = { meta: Meta; specs: Spec[] };

export type Step = { buildid: number; complete: boolean; complete_at: number | null; complete_at_us?: number; hidden: boolean; locks_acquired_at: number | null; locks_acquired_at_us?: number; name: string; number: number; results: Results | null; started_at: number | null; started_at_us?: number; state_string: string; stepid: number; urls: Url[] };

export type StepAnswer = { meta: Meta; steps: Step[] };

export type StopBuildCall = { id: string | number | null; jsonrpc: '2.0'; method: 'stop'; params: { reason?: string | null } };

export type StopWorkerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'stop'; params: { reason?: string | null } };

export type TestResult = { builderid: number; duration_ns: number | null; line: number | null; test_code_path: string | null; test_name: string | null; test_result_setid: number; test_resultid: number; value: string };

export type TestResultAnswer = { meta: Meta; test_results: TestResult[] };

export type TestResultSet = { builderid: number; buildid: number; category: string; complete: boolean; description: string | null; stepid: number; test_result_setid: number; tests_failed: number | null; tests_passed: number | null; value_unit: string };

export type TestResultSetAnswer = { meta: Meta; test_result_sets: TestResultSet[] };

export type Token = { created_at: number; expires_at: number | null; name: string; origin: 'made' | 'sign-in'; revoked_at: number | null; scopes: ('read' | 'control' | 'tokens')[]; tokenid: number; user: string };

export type TokenAnswer = { meta: Meta; tokens: Token[] };

export type ToldAnswer = { id: string | number | null; jsonrpc: '2.0'; result: { changeid: number } };

export type UnparkListenerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'unpark'; params: { dead_letterid: number; holder: string; listener: string } };

export type UnpauseWorkerCall = { id: string | number | null; jsonrpc: '2.0'; method: 'unpause'; params: Record<string, unknown> };

export type Unready = { dependencies: Record<string, Dependency>; status: 'unready' };

export type Url = { name: string; url: string };

export type Versions = { api_versions: { v2: string } };

export type WaitReason = 'no_master' | 'no_worker' | 'not_connected' | 'paused' | 'locked' | 'busy' | 'starting' | 'ready';

export type WaterfallView = { builders: Builder[]; builds: Build[]; changes: Change[]; complete_from: number; complete_from_us: number; steps: Step[] };

export type Worker = { away_reason: string | null; configured_on: ConfiguredOn[]; connected_to: ConnectedTo[]; graceful: boolean; name: string; pause_reason: string | null; paused: boolean; workerid: number; workerinfo: WorkerInfo };

export type WorkerAnswer = { meta: Meta; workers: Worker[] };

export type WorkerInfo = { access_uri?: string | null; admin?: string | null; host?: string | null; version?: string | null } & Record<string, string | null | string>;

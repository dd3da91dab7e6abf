/**
 * What the client takes for the JSON API's resources is what the OpenAPI document says; `npm run check` fails where
 * it is not. The client may know fewer fields, and take more than Weir sends (Buildbot leaves some empty).
 */
import type * as document from '../client/document.ts';
import type * as client from '../client/types.ts';

/** Whatever the document allows, the client takes; and it knows no field that the document does not. */
type Fits<Told extends Known, Known> = keyof Known extends keyof Told ? true : never;

export type Fitting = [
  Fits<document.Builder, client.Builder>,
  Fits<document.Build, client.Build>,
  Fits<document.BuildRequest, client.BuildRequest>,
  Fits<document.Buildset, client.Buildset>,
  Fits<document.Step, client.Step>,
  Fits<document.Log, client.Log>,
  Fits<document.LogChunk, client.LogChunk>,
  Fits<document.LogSearch, client.LogSearch>,
  Fits<document.Worker, client.Worker>,
  Fits<document.SourceStamp, client.Sourcestamp>,
  Fits<document.Change, client.Change>,
  Fits<document.Scheduler, client.Scheduler>,
  Fits<document.Master, client.Master>,
  // The size of a text area is Buildbot's.
  Fits<document.ForceField & { cols?: number; rows?: number }, client.ForceField>,
  Fits<document.ForceScheduler, client.ForceScheduler>,
  Fits<document.Project, client.Project>,
  Fits<document.Properties, client.Properties>,
  Fits<document.BuildData, client.BuildData>,
  Fits<document.TestResultSet, client.TestResultSet>,
  Fits<document.TestResult, client.TestResult>,
  Fits<document.Listener, client.ListenerStatus>,
  Fits<document.DeadLetter, client.DeadLetter>,
];

// `never` in the list above would say nothing by itself.
export const fitting: Fitting = [
  true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true,
];

/** The key under which an answer carries its objects -> the answer. */
interface Answers {
  builders: document.BuilderAnswer;
  builds: document.BuildAnswer;
  buildrequests: document.BuildRequestAnswer;
  buildsets: document.BuildsetAnswer;
  steps: document.StepAnswer;
  logs: document.LogAnswer;
  logchunks: document.LogChunkAnswer;
  workers: document.WorkerAnswer;
  changes: document.ChangeAnswer;
  sourcestamps: document.SourceStampAnswer;
  schedulers: document.SchedulerAnswer;
  forceschedulers: document.ForceSchedulerAnswer;
  masters: document.MasterAnswer;
  projects: document.ProjectAnswer;
  properties: document.PropertiesAnswer;
  build_data: document.BuildDataAnswer;
  test_result_sets: document.TestResultSetAnswer;
  test_results: document.TestResultAnswer;
  listeners: document.ListenerAnswer;
  dead_letters: document.DeadLetterAnswer;
}

/** Every resource of the client's is under its key in its answer. */
type Carried<All extends { [K in client.ResourceName]: Record<K, client.Resources[K][]> }> = All;
export type Carries = Carried<Answers>;

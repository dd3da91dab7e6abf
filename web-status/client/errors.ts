/** The server answered a read, or a stream, with an error. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError';
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Weir's word for the error (`cursor_expired`, …), or `error`. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A command was refused. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  constructor(
    readonly status: number,
    /** JSON-RPC error code; -32602 means that values were not accepted. */
    readonly code: number,
    message: string,
    /** Full name of a force field -> what is wrong with its value. */
    readonly fields: Record<string, string>,
  ) {
    super(message);
  }
}

/** No answer came at all. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  constructor(how: string, cause?: unknown) {
    super(`The server ${how}.`, { cause });
  }
}

/** Whether the server knows who may do this, and it is not us: a token may help. */
export function isRefused(error: unknown): error is ApiError | ControlError {
  return (error instanceof ApiError || error instanceof ControlError) && (error.status === 401 || error.status === 403);
}

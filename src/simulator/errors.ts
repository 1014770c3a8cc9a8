/** An error that the API answers as an error list. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** A parameter that the API refuses. */
export function invalid(message: string): ApiError {
  return new ApiError(400, 'parameter_invalid', message);
}

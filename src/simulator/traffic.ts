/** The requests to the API: the last ones individually, and counters of all. */

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  /** Method and pattern, for example `GET /conversations/*`. */
  readonly route: string;
  readonly status: number;
  /** Epoch milliseconds at which it came in. */
  readonly at: number;
}

/** A log of more requests than this loses its older half, so that a long run does not fill the memory. */
const MAX_LOGGED = 200_000;

export class Traffic {
  /** The last requests, oldest first. */
  readonly log: LoggedRequest[] = [];
  /** How many requests were answered with a status, by route and status. */
  readonly #counts = new Map<string, Map<number, number>>();
  #inFlight = 0;
  #mostInFlight = 0;

  /** Most requests that were answered at the same time. */
  get mostInFlight(): number {
    return this.#mostInFlight;
  }

  begin(): void {
    this.#inFlight += 1;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
  }

  end(): void {
    this.#inFlight -= 1;
  }

  record(request: LoggedRequest): void {
    if (this.log.length >= MAX_LOGGED) this.log.splice(0, MAX_LOGGED / 2);
    this.log.push(request);
    const { route, status } = request;
    const ofRoute = this.#counts.get(route) ?? new Map<number, number>();
    ofRoute.set(status, (ofRoute.get(status) ?? 0) + 1);
    this.#counts.set(route, ofRoute);
  }

  /** How many requests were answered: all, those of a route, or those of a route and status. */
  count(route?: string, status?: number): number {
    let sum = 0;
    for (const [name, ofRoute] of this.#counts)
      for (const [code, count] of ofRoute)
        if ((route ?? name) === name && (status ?? code) === code) sum += count;
    return sum;
  }

  /** The counters as JSON shows them. */
  get counters(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    const entries = [...this.#counts].map(
      ([route, ofRoute]) => [route, Object.fromEntries(ofRoute)] as const,
    );
    return Object.fromEntries(entries);
  }
}

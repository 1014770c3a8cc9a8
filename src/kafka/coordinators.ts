/**
 * Finding the coordinator of a group or of a transactional ID.
 *
 * Kafkajs gives up at the first failure that is not one of three, and hides all of them behind "Failed to
 * find group coordinator". A broker that still has to create `__consumer_offsets` or `__transaction_state`, a
 * broker that starts, and a broken connection are temporary. This search retries them for as long as the
 * client's settings allow, and then reports the broker's own words.
 */

interface Broker {
  findGroupCoordinator(of: CoordinatorOf): Promise<CoordinatorAnswer>;
}

interface CoordinatorOf {
  readonly groupId: string;
  /** 0: a group; 1: a transactional ID. */
  readonly coordinatorType?: number;
}

interface CoordinatorAnswer {
  readonly coordinator: { readonly nodeId: string };
}

/** The parts of kafkajs's cluster that are used here. */
export interface CoordinatedCluster {
  readonly brokerPool: {
    /** Calls back with one broker after another until one succeeds; null when all fail. */
    withBroker<T>(callback: (at: { broker: Broker }) => Promise<T>): Promise<T | null>;
  };
  readonly retrier: <T>(work: (bail: (error: unknown) => void) => Promise<T>) => Promise<T>;
  refreshMetadata(): Promise<void>;
  findBroker(at: { nodeId: string }): Promise<Broker>;
  findGroupCoordinator(of: CoordinatorOf): Promise<Broker>;
  findGroupCoordinatorMetadata(of: CoordinatorOf): Promise<CoordinatorAnswer>;
}

type ClusterClass = new (options: object) => CoordinatedCluster;

/** Kafkajs's cluster with a search for coordinators that is retried. */
export function awaitCoordinators(Original: ClusterClass): ClusterClass {
  return class extends Original {
    override findGroupCoordinator(of: CoordinatorOf): Promise<Broker> {
      return this.retrier(async (bail) => {
        try {
          const { coordinator } = await this.findGroupCoordinatorMetadata(of);
          return await this.findBroker({ nodeId: coordinator.nodeId });
        } catch (error) {
          if (isFinal(error)) bail(error);
          else await this.refreshMetadata().catch(() => undefined);
          throw error;
        }
      });
    }

    override async findGroupCoordinatorMetadata(of: CoordinatorOf): Promise<CoordinatorAnswer> {
      let failure: unknown = null;
      const answer = await this.brokerPool.withBroker(async ({ broker }) => {
        try {
          return await broker.findGroupCoordinator({ coordinatorType: 0, ...of });
        } catch (error) {
          failure = error;
          throw error;
        }
      });
      if (answer === null) throw failure;
      return answer;
    }
  };
}

/** Kafkajs marks permanent errors, such as a missing permission. */
function isFinal(error: unknown): boolean {
  return error instanceof Error && 'retriable' in error && error.retriable === false;
}

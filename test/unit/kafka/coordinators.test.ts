import { describe, expect, it } from 'vitest';
import { awaitCoordinators, type CoordinatedCluster } from '../../../src/kafka/coordinators.js';

type Reply = { nodeId: string } | Error;

const failure = (type: string, retriable: boolean) => Object.assign(new Error(type), { type, retriable });

/** A cluster as kafkajs's is, whose brokers give these answers one after another. */
function clusterOf(replies: Reply[]) {
  const calls = { refreshed: 0, coordinatorTypes: [] as unknown[] };
  class Cluster {
    readonly brokerPool = {
      // Kafkajs swallows what a broker answers.
      withBroker: async <T>(callback: (at: { broker: never }) => Promise<T>) => {
        const broker = {
          findGroupCoordinator: async ({ coordinatorType }: { coordinatorType: number }) => {
            calls.coordinatorTypes.push(coordinatorType);
            const reply = replies.shift() ?? failure('NO_MORE', false);
            if (reply instanceof Error) throw reply;
            return { coordinator: reply };
          },
        };
        return callback({ broker: broker as never }).catch(() => null);
      },
    };
    async retrier<T>(work: (bail: (error: unknown) => void) => Promise<T>): Promise<T> {
      for (;;) {
        let final: unknown = null;
        try {
          return await work((error) => {
            final = error;
          });
        } catch (error) {
          if (final !== null) throw final;
          if (replies.length === 0) throw error;
        }
      }
    }
    async refreshMetadata() {
      calls.refreshed += 1;
      throw new Error('no metadata either');
    }
    async findBroker({ nodeId }: { nodeId: string }) {
      return { nodeId };
    }
  }
  const Patient = awaitCoordinators(Cluster as never);
  return { cluster: new Patient({}) as CoordinatedCluster, calls };
}

describe('findGroupCoordinator', () => {
  it.each(['GROUP_COORDINATOR_NOT_AVAILABLE', 'GROUP_LOAD_IN_PROGRESS', 'REQUEST_TIMED_OUT'])(
    'tries again after %s, with fresh metadata',
    async (type) => {
      const { cluster, calls } = clusterOf([failure(type, true), new Error('timed out'), { nodeId: '2' }]);
      expect(await cluster.findGroupCoordinator({ groupId: 'g' })).toEqual({ nodeId: '2' });
      expect(calls).toEqual({ refreshed: 2, coordinatorTypes: [0, 0, 0] });
    },
  );

  it('reports what can’t get better at once, in the broker’s words', async () => {
    const { cluster, calls } = clusterOf([failure('GROUP_AUTHORIZATION_FAILED', false), { nodeId: '2' }]);
    await expect(cluster.findGroupCoordinator({ groupId: 'g', coordinatorType: 1 })).rejects.toThrow(
      'GROUP_AUTHORIZATION_FAILED',
    );
    expect(calls).toEqual({ refreshed: 0, coordinatorTypes: [1] });
  });

  it('reports the last answer when the patience ends', async () => {
    const { cluster } = clusterOf([failure('FIRST', true), failure('LAST', true)]);
    await expect(cluster.findGroupCoordinator({ groupId: 'g' })).rejects.toThrow('LAST');
  });
});

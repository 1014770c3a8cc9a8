import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { TABLE_NAMES, type TableName } from '../../src/model/table-names.js';
import { runCommand } from '../support/command.js';
import {
  type Rewrite,
  startBystander,
  startRewritingProxy,
  startTrickle,
} from '../support/hostile-servers.js';
import { Project, type ProjectOptions } from '../support/project.js';

let options: ProjectOptions;
let project: Project;

beforeEach(async () => {
  options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: {
      counts: { contacts: 160, companies: 120, conversations: 30, parts: 2 },
      seed: 9,
      sublistLimit: 2,
      hostile: true,
    },
    connection: { retry: { attempts: 2 } },
  };
  project = await Project.open(options);
});
afterEach(() => project.close());

/** Lets the publisher see what `rewrite` makes of the API's replies. */
async function rewriteReplies(rewrite: Rewrite): Promise<void> {
  const baseUrl = await startRewritingProxy(project.simulator.url, rewrite);
  await project.write({ ...options, connection: { ...options.connection, baseUrl } });
}

describe('a reply that names another host', () => {
  /** All URLs lead there, whole lists have a next page there, and so say the headers. */
  const luredTo =
    (host: string): Rewrite =>
    ({ status, headers, text }) => {
      const json = JSON.parse(text) as Record<string, unknown>;
      const { next, ...pages } = (json.pages ?? {}) as Record<string, unknown>;
      const more = typeof next === 'object' && next !== null ? { ...next, url: `${host}/next` } : null;
      const lured = {
        ...json,
        url: host,
        // Whole lists have one page: a second one is asked for, and then there is an end.
        pages:
          json.total_count === undefined
            ? { next: `${host}/next?page=2`, page: 1, total_pages: 2 }
            : { ...pages, next: more },
      };
      return {
        status,
        headers: {
          ...headers,
          link: `<${host}/link>; rel="next", <${host}/canonical>; rel="canonical"`,
          location: `${host}/location`,
          'content-location': `${host}/content`,
          refresh: `0; url=${host}/refresh`,
        },
        text: JSON.stringify(lured).replace(/"url":"[^"]*"/g, `"url":"${host}/url"`),
      };
    };

  /** Longer than a contact shows them. */
  const longLists = (index: number) => ({
    tags: {
      type: 'list',
      data: Array.from({ length: 5 }, (_, tag) => ({ type: 'tag', id: String(index * 10 + tag) })),
    },
  });

  it('is read, and gets no request from there', async () => {
    const { url, requests } = await startBystander();
    const { workspace } = project.simulator;
    const { host } = new URL(url);
    const names = [`//${host}/`, `@${host}/x`, `${url}/#`];
    for (const [index, name] of names.entries()) {
      workspace.create('contacts', { id: name, ...longLists(index) });
      workspace.addPart(workspace.create('conversations', { id: name }), { body: 'part' });
      workspace.create('companies', { id: name });
    }
    await rewriteReplies(luredTo(url));
    for (const gone of [[], names]) {
      for (const id of gone) workspace.remove('companies', id);
      const { code, stderr } = await project.command('run', '--once');
      expect(requests).toEqual([]);
      expect(code, stderr).toBe(0);
    }
    const asked = new Set(project.simulator.requests.map(({ route }) => route));
    expect([...asked]).toEqual(expect.arrayContaining(['GET /contacts/*/tags', 'GET /companies/*']));
    for (const table of TABLE_NAMES) {
      const rows = [...workspace.rows(table)];
      expect((await project.latest(table)).size, table).toBe(rows.length);
    }
  });

  it('as a redirect is not followed, and its table fails with a reason', async () => {
    const { url, requests } = await startBystander();
    const redirects: Readonly<Record<string, readonly [TableName, number]>> = {
      '/tags': ['tags', 301],
      '/teams': ['teams', 302],
      '/admins': ['admins', 303],
      '/conversations/search': ['conversations', 307],
      '/contacts/search': ['contacts', 308],
    };
    await rewriteReplies((reply, { path }) => {
      const redirect = redirects[new URL(path, url).pathname];
      if (redirect === undefined) return reply;
      return { status: redirect[1], headers: { location: url + path }, text: '' };
    });
    const { code, stderr } = await project.command('run', '--once');
    expect(requests).toEqual([]);
    expect(code).toBe(1);
    const states = await project.states();
    for (const [table, status] of Object.values(redirects)) {
      expect(stderr).toContain(`acme/${table}`);
      const message = expect.stringContaining(String(status));
      expect(states.get(table)?.error, table).toMatchObject({ message });
    }
    expect(states.get('segments')?.error).toBeNull();
  });
});

describe('a reply without an end', () => {
  /** Tells on standard error how much memory the process took at most, in MiB. */
  const REPORT =
    'process.on("exit",()=>process.stderr.write("peak "+(process.resourceUsage().maxRSS>>10)+" MiB"))';

  it('is given up, and costs its table the cycle and not the process its memory', async () => {
    project.simulator.faults.inject({ kind: 'huge-body', bytes: 2 ** 31, match: { route: 'GET /tags' } });
    const { code, stderr } = await runCommand(['run', '--once', '--config', project.config], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(REPORT)}`,
    });
    expect(code).toBe(1);
    expect(stderr).toContain('failed: acme/tags (reasons above)"');
    const states = await project.states();
    expect(states.get('tags')?.error).toMatchObject({
      message: expect.stringContaining('larger than 134217728 bytes'),
    });
    expect(states.get('contacts')?.error).toBeNull();
    const peak = Number(/peak (\d+) MiB/.exec(stderr)?.[1]);
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(600);
  });

  it('is given up as well when it only trickles in', async () => {
    const retry = { attempts: 1, timeout: '1s' };
    await project.write({ ...options, connection: { baseUrl: await startTrickle(), retry } });
    expect((await project.command('run', '--once', '--table', 'tags')).code).toBe(1);
    expect((await project.states()).get('tags')?.error).toMatchObject({
      message: expect.stringContaining('the reply did not come to its end'),
    });
  });
});

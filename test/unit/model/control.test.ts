import { describe, expect, it } from 'vitest';
import { type Control, parseControl, withRequest } from '../../../src/model/control.js';

const AT = Date.parse('2026-11-26T12:00:00Z');
const by = (id: string) => ({ id, at: AT });

describe('the requests of a table', () => {
  it('each raise the revision, and keep what others have requested', () => {
    const paused = withRequest(undefined, 'pause', by('a'));
    expect(paused).toEqual({
      version: 1,
      revision: 1,
      id: 'a',
      at: '2026-11-26T12:00:00.000Z',
      paused: true,
      sync: null,
      resync: null,
    });
    const synced = withRequest(paused, 'sync', by('b'));
    expect(synced).toMatchObject({ revision: 2, id: 'b', paused: true, sync: 2 });
    expect(withRequest(synced, 'resume', by('c'))).toMatchObject({ revision: 3, paused: false, sync: 2 });
  });

  it('keep a resync until it is cancelled or another one is requested', () => {
    const asked = withRequest(undefined, { since: 7, republish: true }, by('a'));
    expect(asked).toMatchObject({ revision: 1, resync: { revision: 1, since: 7, republish: true } });
    const paused = withRequest(asked, 'pause', by('b'));
    expect(paused).toMatchObject({ paused: true, resync: { revision: 1, since: 7, republish: true } });
    const other = withRequest(paused, { since: null, republish: false }, by('c'));
    expect(other).toMatchObject({ paused: true, resync: { revision: 3, since: null, republish: false } });
    expect(withRequest(other, 'cancel', by('d'))).toMatchObject({ revision: 4, paused: true, resync: null });
    expect(parseControl(JSON.stringify(other))).toEqual(other);
  });

  it.each([{}, null, 'all', { revision: 'x' }])('hold no resync in %j', (resync) => {
    const control = { ...withRequest(undefined, 'pause', by('a')), resync };
    expect(parseControl(JSON.stringify(control))).toMatchObject({ paused: true, resync: null });
  });

  it('come back from their record', () => {
    const control = withRequest(withRequest(undefined, 'sync', by('a')), 'pause', by('b'));
    expect(parseControl(JSON.stringify(control))).toEqual(control);
  });

  it.each(['', 'null', '[]', '7', '{"version":1}', '{"version":1,"revision":"1"}'])(
    'are none in %s',
    (text) => {
      expect(parseControl(text)).toBeNull();
    },
  );

  it('of a newer version are not read', () => {
    expect(parseControl('{"version":2,"revision":1}')).toBe('newer');
    expect(parseControl('{"version":0,"revision":1}')).toBeNull();
    expect(parseControl('{"version":"2","revision":1}')).toBeNull();
  });

  it('of a later version that knows more are read as far as they are known', () => {
    const later: Control & { drain: object } = { ...withRequest(undefined, 'pause', by('a')), drain: {} };
    expect(parseControl(JSON.stringify(later))).toEqual(withRequest(undefined, 'pause', by('a')));
  });
});

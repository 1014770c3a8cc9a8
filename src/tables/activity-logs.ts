import type { IntercomApi } from '../intercom/api.js';
import { searched } from '../model/table.js';

/** What teammates did to the workspace. It never changes, and nothing of it goes. */
export const activityLogs = searched<IntercomApi>({
  name: 'activity_logs',
  method: 'incremental',
  key: 'id',
  grain: 'second',
  pull: (api, window) => api.activityLogs(window),
  // The list has no page size: an interval that has just begun holds next to nothing.
  probe: (api) => api.activityLogs({ from: Math.floor(Date.now() / 1000), to: null }).next(),
  replicationKey: 'created_at',
  versionTime: (row) => row.created_at,
});

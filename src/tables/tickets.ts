import type { IntercomApi } from '../intercom/api.js';
import type { Search } from '../intercom/search.js';
import { searched } from '../model/table.js';

const TICKET_SEARCH: Search = { path: '/tickets/search', list: 'tickets' };

/** Tickets, with the newest of their parts inside. */
export const tickets = searched<IntercomApi>({
  name: 'tickets',
  method: 'incremental',
  key: 'id',
  grain: 'second',
  pull: (api, window) => api.search(TICKET_SEARCH, window),
  ids: (api, window) => api.search(TICKET_SEARCH, window),
  isGone: (api, id) => api.isGone('/tickets', id),
  hinted: { entity: 'ticket', rows: (ticket) => [ticket] },
});

import { searchTable } from './search-table.js';

/** Tickets, with the newest of their parts inside. */
export const tickets = searchTable({
  name: 'tickets',
  search: { path: '/tickets/search', list: 'tickets' },
  isGone: (api, id) => api.isGone('/tickets', id),
  hinted: { entity: 'ticket', rows: (ticket) => [ticket] },
});

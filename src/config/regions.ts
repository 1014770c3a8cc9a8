/** Where Intercom is, by region. */

import type { Region } from './config.js';

/** Where the API of each region is. */
export const BASE_URLS: Readonly<Record<Region, string>> = {
  us: 'https://api.intercom.io',
  eu: 'https://api.eu.intercom.io',
  au: 'https://api.au.intercom.io',
};

/** Where people of each region sign in, and agree to an app. */
export const APP_URLS: Readonly<Record<Region, string>> = {
  us: 'https://app.intercom.com',
  eu: 'https://app.eu.intercom.com',
  au: 'https://app.au.intercom.com',
};

/** Addresses of Intercom by region. */

import type { Region } from './config.js';

/** The API of each region. */
export const BASE_URLS: Readonly<Record<Region, string>> = {
  us: 'https://api.intercom.io',
  eu: 'https://api.eu.intercom.io',
  au: 'https://api.au.intercom.io',
};

/** The site of each region where users sign in and authorize an app. */
export const APP_URLS: Readonly<Record<Region, string>> = {
  us: 'https://app.intercom.com',
  eu: 'https://app.eu.intercom.com',
  au: 'https://app.au.intercom.com',
};

/** Elements of the document. What they show is text, never markup. */

import { ago, dateAndTime, until } from './format.js';

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} name
 * @param {string} className
 * @param {...(Node | string)} children
 */
export function element(name, className, ...children) {
  const node = document.createElement(name);
  if (className !== '') node.className = className;
  node.append(...children);
  return node;
}

/**
 * @param {string} name
 * @param {Readonly<Record<string, string | number>>} attributes
 * @param {...(Node | string)} children
 */
export function drawing(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

/**
 * @param {string} look
 * @param {string} text
 */
export function badge(look, text) {
  return element('span', `badge ${look}`, text);
}

/**
 * A time that goes on by itself: see `updateTimes`.
 *
 * @param {string} iso
 * @param {'ago' | 'until'} form
 * @param {number} now epoch milliseconds
 */
export function time(iso, form, now) {
  const node = document.createElement('time');
  node.dateTime = iso;
  node.dataset.form = form;
  node.title = dateAndTime(Date.parse(iso));
  setTime(node, now);
  return node;
}

/**
 * Brings all times within a node up to date.
 *
 * @param {ParentNode} root
 * @param {number} now epoch milliseconds
 */
export function updateTimes(root, now) {
  for (const node of root.querySelectorAll('time')) setTime(node, now);
}

/**
 * @param {HTMLTimeElement} node
 * @param {number} now epoch milliseconds
 */
function setTime(node, now) {
  const ms = Date.parse(node.dateTime);
  const text = node.dataset.form === 'until' ? until(ms, now) : ago(ms, now);
  if (node.textContent !== text) node.textContent = text;
}

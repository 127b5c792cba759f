import htm from 'htm';
import { h } from 'preact';

/**
 * Render a template. Values become text nodes and properties, never markup: whatever an agent or
 * a tenant has written is shown as it is. A test forbids every other way to make elements.
 */
export const html = htm.bind(h);

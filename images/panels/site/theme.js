// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a panel's settings say about the looks of its series: units, colours, words for values.

const NAMES = { green: '--green', orange: '--orange', red: '--red' };
const PALETTE = 12;
const SVG = 'http://www.w3.org/2000/svg';

/** An element with a class, text and children. */
export function element(tag, name = '', ...children) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    made.append(...children);
    return made;
}

/** A small picture, by its name in icons.svg. */
export function icon(name) {
    const made = document.createElementNS(SVG, 'svg');
    made.setAttribute('class', 'icon');
    made.setAttribute('aria-hidden', 'true');
    const use = document.createElementNS(SVG, 'use');
    use.setAttribute('href', `/icons.svg#${name}`);
    made.append(use);
    return made;
}

/** A colour of the page's theme by its name in the style sheet. */
export function themed(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A colour as dashboards name them. */
export function colour(name) {
    return NAMES[name] ? themed(NAMES[name]) : name;
}

/** Settings of one series: the panel's own, and what its overrides change. */
export function settings(panel, name, index) {
    const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
    const found = { ...defaults, custom: { ...defaults.custom } };
    for (const { matcher, properties } of overrides) {
        if (matcher.id !== 'byName' || matcher.options !== name) continue;
        for (const { id, value } of properties) {
            if (id.startsWith('custom.')) found.custom[id.slice('custom.'.length)] = value;
            else found[id] = value;
        }
    }
    const fixed = found.color?.mode === 'fixed' && found.color.fixedColor;
    found.line = fixed ? colour(fixed) : themed(`--series-${index % PALETTE}`);
    return found;
}

/** The word and colour for a value, where the dashboard has some: {text, color} or undefined. */
export function mapped(found, value) {
    for (const mapping of found.mappings ?? []) {
        if (mapping.type === 'value' && mapping.options[String(value)]) return mapping.options[String(value)];
    }
    return undefined;
}

/** The colour of the step that a value has reached. */
export function threshold(found, value) {
    const steps = (found.thresholds?.steps ?? []).filter((step) => step.value === null || value >= step.value);
    return steps.length ? colour(steps.at(-1).color) : themed('--text');
}

/** A name with its colour, and its value where there is one. */
export function entry(name, line, ...values) {
    const swatch = element('span', 'swatch');
    swatch.style.background = line;
    return element('div', 'entry', swatch, element('span', 'name', name), ...values.map((value) => element('span', 'value', value)));
}

function zone(utc) {
    return utc ? { timeZone: 'UTC' } : {};
}

/** A moment with date and seconds, for people. */
export function dateText(time, utc) {
    return `${new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium', ...zone(utc) })}${utc ? ' UTC' : ''}`;
}

/** Words below a graph; the day stands below its first hour where the graph shows more than a day. `range` is in seconds. */
export function axisTimes(splits, step, range, utc) {
    const day = { month: 'short', day: 'numeric', ...zone(utc) };
    const clock = { hour: '2-digit', minute: '2-digit', ...(step < 60 ? { second: '2-digit' } : {}), hourCycle: 'h23', ...zone(utc) };
    let last = '';
    return splits.map((seconds) => {
        const date = new Date(seconds * 1000);
        const today = date.toLocaleDateString('en-GB', day);
        const text = step >= 86400 ? today : date.toLocaleTimeString('en-GB', clock);
        const long = range[1] - range[0] > 86400 && step < 86400 && today !== last;
        last = today;
        return long ? `${text}\n${today}` : text;
    });
}

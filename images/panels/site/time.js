// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Points in time as Grafana writes them into its addresses, and ranges between two of them. No page needed.

const UNITS = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };
const SHORTEST = 10e3;
const WORDS = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', y: 'year' };

/** Milliseconds of "20s", "1h". Months and years have no fixed length: see shifted(). */
export function milliseconds(text) {
    const match = /^(\d+)(ms|[smhdw])$/.exec(text);
    if (!match) throw new Error(`"${text}" is no duration`);
    return Number(match[1]) * (match[2] === 'ms' ? 1 : UNITS[match[2]]);
}

/** "20s" of milliseconds. */
export function durationText(value) {
    for (const unit of ['d', 'h', 'm', 's']) {
        if (value >= UNITS[unit] && value % UNITS[unit] === 0) return `${value / UNITS[unit]}${unit}`;
    }
    return `${value}ms`;
}

/** The fields of a date that calendars count with, in UTC or in the browser's time zone. */
function calendar(date, utc) {
    return utc
        ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), date.getUTCDay()]
        : [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds(), date.getDay()];
}

function instant(fields, utc) {
    return utc ? Date.UTC(...fields) : new Date(...fields).getTime();
}

/** A moment that lies so many units later. */
function shifted(time, count, unit, utc) {
    if (UNITS[unit]) return time + count * UNITS[unit];
    const fields = calendar(new Date(time), utc).slice(0, 6);
    fields[unit === 'y' ? 0 : 1] += count;
    return instant(fields, utc);
}

/** The first moment of the minute, hour, day, week (from Monday), month or year. */
function floored(time, unit, utc) {
    const [year, month, day, hour, minute, second, weekday] = calendar(new Date(time), utc);
    const fields = {
        s: [year, month, day, hour, minute, second],
        m: [year, month, day, hour, minute],
        h: [year, month, day, hour],
        d: [year, month, day],
        w: [year, month, day - ((weekday + 6) % 7)],
        M: [year, month, 1],
        y: [year, 0, 1],
    };
    return instant(fields[unit], utc);
}

/**
 * A point in time as milliseconds: "now-1h", "now-1d/d", milliseconds, or a date ("2026-11-29 10:00:00", or as in ISO 8601).
 *
 * With `end`, what is rounded ("now/d") is the end of the day and not its begin, as Grafana does for `to`.
 */
export function moment(text, now, { end = false, utc = false } = {}) {
    if (/^\d{1,16}$/.test(text)) return Number(text);
    const relative = /^now((?:[+-]\d+[smhdwMy]|\/[smhdwMy])*)$/.exec(text);
    if (relative) {
        let time = now;
        for (const [, sign, count, unit, round] of relative[1].matchAll(/([+-])(\d+)([smhdwMy])|\/([smhdwMy])/g)) {
            if (!round) time = shifted(time, Number(sign + count), unit, utc);
            else time = end ? shifted(floored(time, round, utc), 1, round, utc) - 1 : floored(time, round, utc);
        }
        return time;
    }
    const date = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?(Z)?$/.exec(text);
    const time = date && instant([date[1], date[2] - 1, date[3], date[4] ?? 0, date[5] ?? 0, date[6] ?? 0].map(Number), utc || date[7]);
    if (date && !Number.isNaN(time)) return time;
    throw new Error(`"${text}" is no time. Known are now-1h, now/d, milliseconds since 1970 and dates such as 2026-11-29 10:00:00`);
}

/** Both ends of a range as milliseconds: {from, to}. */
export function range({ from, to }, now, utc = false) {
    const found = { from: moment(from, now, { utc }), to: moment(to, now, { end: true, utc }) };
    if (found.from >= found.to) throw new Error('The time range ends before it begins');
    return found;
}

/** The range moved by half its length: back (-1) or on (1), but not into the future. */
export function moved({ from, to }, direction, now) {
    const step = (to - from) / 2;
    const by = direction < 0 ? -step : Math.min(step, Math.max(0, now - to));
    return { from: from + by, to: to + by };
}

/** The range seen from further away (2) or nearer (0.5), around the moment `around`. */
export function zoomed({ from, to }, factor, now, around = (from + to) / 2) {
    const length = Math.max((to - from) * factor, SHORTEST);
    const start = around - ((around - from) / (to - from)) * length;
    const end = Math.min(start + length, Math.max(now, to));
    return { from: end - length, to: end };
}

/** A range in words: "Last 6 hours" where it is one, otherwise undefined. */
export function words({ from, to }) {
    const match = to === 'now' && /^now-(\d+)([smhdwMy])$/.exec(from);
    if (!match) return undefined;
    const [, count, unit] = match;
    return count === '1' ? `Last ${WORDS[unit]}` : `Last ${count} ${WORDS[unit]}s`;
}

/** Seconds between two refreshes as Grafana's address says it ("10s", "1m", "off" or nothing): 0 is never. */
export function refreshSeconds(text) {
    if (!text || text === 'off') return 0;
    return Math.max(milliseconds(/^\d+$/.test(text) ? `${text}s` : text) / 1000, 1);
}

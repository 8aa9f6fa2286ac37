// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// From a panel's query to series: Grafana's macros, times and names, understood as Grafana understands them. No page needed.

import { durationText, milliseconds } from './time.js';

// Up to each limit the interval is rounded to the value after it, as Grafana does.
const ROUND = [
    [15, 10], [35, 20], [75, 50], [150, 100], [350, 200], [750, 500], [1500, 1e3], [3500, 2e3], [7500, 5e3],
    [12500, 10e3], [17500, 15e3], [25e3, 20e3], [45e3, 30e3], [90e3, 60e3], [210e3, 120e3], [450e3, 300e3],
    [750e3, 600e3], [1050e3, 900e3], [1500e3, 1200e3], [2700e3, 1800e3], [5400e3, 3600e3], [9e6, 7200e3],
    [16200e3, 10800e3], [32400e3, 21600e3], [86400e3, 43200e3], [604800e3, 86400e3], [1814400e3, 604800e3],
];

/** Milliseconds between the points of a panel that is so many pixels wide. */
export function interval(from, to, width, smallest = '1ms') {
    const ideal = (to - from) / Math.max(width, 1);
    const rounded = (ROUND.find(([limit]) => ideal < limit) ?? [0, 2592000e3])[1];
    return Math.max(rounded, milliseconds(smallest));
}

/** The query that the database understands. */
export function expand(query, from, to, step) {
    return query
        .replaceAll('$timeFilter', `time >= ${Math.floor(from)}ms and time <= ${Math.floor(to)}ms`)
        .replaceAll('$__interval_ms', String(step))
        .replaceAll(/\$(?:__)?interval/g, durationText(step));
}

/** The name of a series by its query's alias: $tag_NAME, $col, $m. */
function named(alias, series, column) {
    if (!alias) return [series.name, ...Object.values(series.tags ?? {})].join(' ');
    return alias
        .replaceAll(/\$tag_(\w+)|\[\[tag_(\w+)\]\]/g, (_, one, other) => series.tags?.[one ?? other] ?? '')
        .replaceAll(/\$col\b/g, column)
        .replaceAll(/\$(?:measurement|m)\b/g, series.name);
}

/** All series of an answer: [{name, points: [[milliseconds, value or null]]}]. */
export function seriesOf(targets, answer) {
    const found = [];
    for (const result of answer.results ?? []) {
        if (result.error) throw new Error(result.error);
        for (const series of result.series ?? []) {
            series.columns.slice(1).forEach((column, index) => {
                const name = named(targets[result.statement_id].alias, series, column);
                found.push({ name, points: series.values.map((row) => [row[0], row[index + 1]]) });
            });
        }
    }
    return found;
}

/** The same series on one axis: [seconds, values of the first, ...]. A short lack is undefined, a long one null. */
export function table(series, gap) {
    const times = [...new Set(series.flatMap((each) => each.points.map(([time]) => time)))].sort((a, b) => a - b);
    const longest = gap === true ? Infinity : Number(gap) || 0;
    const columns = series.map((each) => {
        const values = new Map(each.points);
        const column = times.map((time) => values.get(time) ?? null);
        let last = -1;
        column.forEach((value, index) => {
            if (value === null) return;
            if (last >= 0 && times[index] - times[last] <= longest) column.fill(undefined, last + 1, index);
            last = index;
        });
        return column;
    });
    return [times.map((time) => time / 1000), ...columns];
}

/** Latest value of a series, or null. */
export function latest(series) {
    return series.points.findLast(([, value]) => value !== null)?.[1] ?? null;
}

/** The session's cookie is no longer good. */
export class SessionOver extends Error {
    constructor() {
        super('The session is over: log in again');
    }
}

/** The answer of the database to a query. */
async function send(text, signal) {
    const address = new URL('/query', window.location.origin);
    address.search = `?q=${encodeURIComponent(text)}`;
    const response = await fetch(address, { signal });
    if (response.status === 401) throw new SessionOver();
    if (!response.ok) {
        const said = response.headers.get('Content-Type')?.includes('json') ? (await response.json()).error : '';
        throw new Error(said || `InfluxDB cannot be asked now (${response.status})`);
    }
    return response.json();
}

/** Ask the database for a panel's series between two times. */
export async function ask(panel, from, to, width, signal) {
    const step = interval(from, to, panel.maxDataPoints ?? width, panel.interval);
    const text = panel.targets.map((target) => expand(target.query, from, to, step)).join(';');
    return seriesOf(panel.targets, await send(text, signal));
}

/** Ask for the dashboard's annotations, such as restarts: [{name, colour, times: [milliseconds]}]. */
export async function askMarks(dashboard, from, to, width, signal) {
    const wanted = (dashboard.annotations?.list ?? []).filter((each) => each.enable && each.target?.query);
    if (!wanted.length) return [];
    const step = interval(from, to, width, '20s');
    const answer = await send(wanted.map((each) => expand(each.target.query, from, to, step)).join(';'), signal);
    return wanted.map((each, index) => {
        const result = answer.results?.find((one) => one.statement_id === index) ?? {};
        if (result.error) throw new Error(result.error);
        const times = (result.series ?? []).flatMap((series) => series.values.map(([time]) => time));
        return { name: each.name, colour: each.iconColor, times: [...new Set(times)] };
    });
}

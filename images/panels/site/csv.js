// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A panel's values as a file that spreadsheets read (RFC 4180).
import { table } from './query.js';

/** A field; one that a spreadsheet would take for a formula gets a sign that stops it. */
function field(value) {
    if (typeof value !== 'string') return value ?? '';
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Text of all series: a line for each moment. */
export function csvOf(series) {
    const [times, ...columns] = table(series);
    const lines = [['time', ...series.map((each) => each.name)]];
    times.forEach((time, index) => lines.push([new Date(time * 1000).toISOString(), ...columns.map((column) => column[index])]));
    return lines.map((line) => line.map(field).join(',')).join('\r\n');
}

/** Let the browser save the values. */
export function saveCsv(title, series) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csvOf(series)], { type: 'text/csv' }));
    link.download = `${title}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
}

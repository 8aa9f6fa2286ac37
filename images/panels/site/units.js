// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Numbers with units, by the names that Grafana gives to units. No page needed.

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const TIME = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];

/** Three digits that count, or as many decimals as asked for. */
function digits(value, decimals) {
    if (Number.isInteger(value) && decimals === undefined) return String(value);
    const size = Math.abs(value);
    const places = decimals ?? (size === 0 ? 0 : Math.min(5, Math.max(0, 2 - Math.floor(Math.log10(size)))));
    const text = value.toFixed(places);
    return decimals === undefined && text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function binary(value, decimals, after) {
    let step = 0;
    let rest = value;
    while (Math.abs(rest) >= 1024 && step < BINARY.length - 1) {
        rest /= 1024;
        step += 1;
    }
    return `${digits(rest, step === 0 ? 0 : decimals ?? (Math.abs(rest) >= 100 ? 0 : undefined))} ${BINARY[step]}${after}`;
}

/** The two largest parts of a duration. */
function duration(value) {
    if (Math.abs(value) < 60) return `${digits(value)} s`;
    const first = TIME.findIndex(([, seconds]) => Math.abs(value) >= seconds);
    const parts = [];
    let rest = Math.round(value);
    for (const [name, seconds] of TIME.slice(first, first + 2)) {
        const count = Math.trunc(rest / seconds);
        rest -= count * seconds;
        if (count) parts.push(`${count} ${name}`);
    }
    return parts.join(' ');
}

/** A value of a unit that is a word ("cores"): in thousandths of it where it is small, as nobody compares 0.00313. */
function suffixed(value, word, decimals) {
    const size = Math.abs(value);
    if (size > 0 && size < 1) return `${digits(value * 1000, size < 0.01 ? 1 : 0)} milli${word}`;
    return `${digits(value, decimals)} ${word}`;
}

/** A value in its unit. */
export function format(value, unit = 'none', decimals = undefined) {
    if (value === null || value === undefined || Number.isNaN(value)) return '–';
    if (unit === 'bytes') return binary(value, decimals, '');
    if (unit === 'binBps') return binary(value, decimals, '/s');
    if (unit === 'percentunit') return `${digits(value * 100, decimals)} %`;
    if (unit === 'percent') return `${digits(value, decimals)} %`;
    if (unit === 's') return duration(value);
    if (unit.startsWith('suffix:')) return suffixed(value, unit.slice('suffix:'.length).trim(), decimals);
    return digits(value, decimals);
}

/** Distances between the lines of a scale that are round in the unit. */
export function increments(unit) {
    if (unit === 'bytes' || unit === 'binBps') return Array.from({ length: 50 }, (_, power) => 2 ** power);
    if (unit === 's') return [1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000];
    const found = [];
    for (let power = unit === 'none' ? 0 : -6; power < 10; power += 1) {
        for (const factor of [1, 2, 5]) found.push(Number((factor * 10 ** power).toPrecision(3)));
    }
    return found;
}

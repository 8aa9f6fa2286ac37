// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A panel with lines over time, drawn by uPlot.
import uPlot from '/uplot/uPlot.esm.js';

import { element, settings, themed } from './looks.js';
import { latest, table } from './query.js';
import { format, increments } from './units.js';

const SYNC = 'time';

/** A colour with less ink. */
function faint(line, percent) {
    return `color-mix(in srgb, ${line} ${percent}%, transparent)`;
}

/** Canvas takes no color-mix in every browser: the same by hand for "#rrggbb". */
function fillOf(line, percent) {
    return /^#[0-9a-f]{6}$/i.test(line) ? line + Math.round(percent * 2.55).toString(16).padStart(2, '0') : faint(line, percent);
}

export class Graph {
    /** Take the panel, the element to fill, and what to do when a time range was drawn with the mouse. */
    constructor(panel, body, zoom) {
        this.panel = panel;
        this.body = body;
        this.zoom = zoom;
        this.hidden = new Set();
        this.plotted = '';
        this.canvas = element('div', 'canvas');
        this.legend = element('div', 'legend');
        this.tip = element('div', 'tip');
        this.tip.hidden = true;
        body.append(this.canvas, this.legend);
        new ResizeObserver(() => this.resize()).observe(this.canvas);
    }

    /** Show new data. */
    show(series, from, to) {
        this.series = series;
        this.range = [from / 1000, to / 1000];
        this.found = series.map((each, index) => settings(this.panel, each.name, index));
        this.data = table(series, this.panel.fieldConfig?.defaults?.custom?.spanNulls);
        const names = series.map((each) => each.name).join('\n');
        if (!this.plot || names !== this.plotted) this.draw();
        else this.plot.setData(this.data, false);
        this.plotted = names;
        this.plot.batch(() => {
            this.plot.setScale('x', { min: this.range[0], max: this.range[1] });
        });
        this.list();
    }

    /** Draw anew, as after a change of colours. */
    draw() {
        this.plot?.destroy();
        this.canvas.replaceChildren();
        this.found = this.series.map((each, index) => settings(this.panel, each.name, index));
        this.plot = new uPlot(this.options(), this.data, this.canvas);
        this.plot.over.append(this.tip);
        this.list();
    }

    options() {
        const { unit, decimals, min } = this.panel.fieldConfig?.defaults ?? {};
        const axis = { stroke: themed('--soft'), grid: { stroke: themed('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
        return {
            width: Math.max(this.canvas.clientWidth, 50),
            height: Math.max(this.canvas.clientHeight, 50),
            legend: { show: false },
            cursor: {
                sync: { key: SYNC },
                drag: { x: true, y: false, setScale: false },
                points: { size: 7 },
                focus: { prox: 24 },
            },
            focus: { alpha: 0.4 },
            scales: {
                x: { time: true },
                y: { range: (plot, low, high) => this.bounds(low, high, min) },
            },
            axes: [
                { ...axis, space: 70, size: (plot, texts) => ((texts ?? []).some((text) => text.includes('\n')) ? 44 : 28), values: (plot, splits, index, space, step) => this.times(splits, step) },
                {
                    ...axis,
                    space: 34,
                    size: (plot, texts) => Math.max(44, 14 + 7 * Math.max(0, ...(texts ?? []).map((text) => text.length))),
                    incrs: increments(unit ?? 'none'),
                    values: (plot, splits) => splits.map((value) => (value === 0 ? '0' : format(value, unit, decimals))),
                },
            ],
            series: [{}, ...this.found.map((each, index) => this.line(each, index))],
            hooks: {
                setCursor: [(plot) => this.point(plot)],
                setSelect: [(plot) => this.select(plot)],
            },
        };
    }

    line(found, index) {
        const { lineWidth = 1, fillOpacity = 0, lineStyle, showPoints } = found.custom;
        return {
            label: this.series[index].name,
            show: !this.hidden.has(this.series[index].name),
            stroke: found.line,
            width: lineWidth,
            fill: fillOpacity && this.series.length < 4 ? fillOf(found.line, fillOpacity) : undefined,
            dash: lineStyle?.fill === 'dash' ? lineStyle.dash : undefined,
            points: { show: showPoints === 'always' },
        };
    }

    /** From the panel's minimum, with some air above; a flat line lies in the middle. */
    bounds(low, high, min) {
        if (low === null || high === null) return [min ?? 0, 1];
        const bottom = min !== undefined && low >= min ? min : low;
        const top = high > bottom ? high : bottom + (Math.abs(bottom) || 1);
        return [bottom, bottom + (top - bottom) * 1.08];
    }

    times(splits, step) {
        const day = { month: 'short', day: 'numeric' };
        const clock = { hour: '2-digit', minute: '2-digit', ...(step < 60 ? { second: '2-digit' } : {}), hourCycle: 'h23' };
        let last = '';
        return splits.map((seconds) => {
            const date = new Date(seconds * 1000);
            const today = date.toLocaleDateString('en-GB', day);
            const text = step >= 86400 ? today : date.toLocaleTimeString('en-GB', clock);
            const long = this.range[1] - this.range[0] > 86400 && step < 86400 && today !== last;
            last = today;
            return long ? `${text}\n${today}` : text;
        });
    }

    /** Values under the mouse. */
    point(plot) {
        const { idx, left, top } = plot.cursor;
        const own = plot.cursor.event && plot.over.matches(':hover');
        if (idx === null || idx === undefined || left < 0 || !own) {
            this.tip.hidden = true;
            return;
        }
        const { unit, decimals } = this.panel.fieldConfig?.defaults ?? {};
        const rows = this.series
            .map((each, index) => ({ name: each.name, line: this.found[index].line, value: this.near(this.data[index + 1], idx) }))
            .filter((row) => row.value !== null && !this.hidden.has(row.name))
            .sort((one, other) => other.value - one.value);
        const date = new Date(this.data[0][idx] * 1000);
        this.tip.replaceChildren(
            element('div', 'soft', date.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })),
            ...rows.map((row) => this.entry(row.name, row.line, format(row.value, unit, decimals))),
        );
        this.tip.hidden = rows.length === 0;
        const right = left > plot.over.clientWidth / 2;
        this.tip.style.left = right ? '' : `${left + 14}px`;
        this.tip.style.right = right ? `${plot.over.clientWidth - left + 14}px` : '';
        this.tip.style.top = `${Math.max(0, Math.min(top, plot.over.clientHeight - this.tip.offsetHeight))}px`;
    }

    /** The value at a place, or the one before where a short lack is drawn through. */
    near(column, index) {
        let place = index;
        while (place > 0 && column[place] === undefined) place -= 1;
        return column[place] ?? null;
    }

    entry(name, line, value) {
        const swatch = element('span', 'swatch');
        swatch.style.background = line;
        return element('div', 'entry', swatch, element('span', 'name', name), element('span', 'value', value));
    }

    select(plot) {
        const { left, width } = plot.select;
        if (width > 5) this.zoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    }

    /** The legend: a click shows one series alone, and with a modifier key hides or shows one. */
    list() {
        const { unit, decimals } = this.panel.fieldConfig?.defaults ?? {};
        const most = this.panel.options?.legend?.calcs?.includes('max');
        this.legend.replaceChildren(...this.series.map((each, index) => {
            const values = each.points.map(([, value]) => value).filter((value) => value !== null);
            const top = values.length ? format(Math.max(...values), unit, decimals) : '–';
            const button = this.entry(each.name, this.found[index].line, format(latest(each), unit, decimals));
            const made = element('button', 'series', ...button.childNodes);
            if (most) made.append(element('span', 'soft', `max ${top}`));
            made.type = 'button';
            made.title = 'Click: only this one, or all again. Ctrl and click: hide or show it.';
            made.setAttribute('aria-pressed', String(!this.hidden.has(each.name)));
            made.addEventListener('click', (event) => this.toggle(each.name, event.ctrlKey || event.metaKey || event.shiftKey));
            return made;
        }));
    }

    toggle(name, add) {
        const others = this.series.map((each) => each.name).filter((each) => each !== name);
        if (add) {
            if (!this.hidden.delete(name)) this.hidden.add(name);
        } else {
            const alone = !this.hidden.has(name) && others.every((each) => this.hidden.has(each));
            this.hidden = new Set(alone ? [] : others);
        }
        this.series.forEach((each, index) => this.plot.setSeries(index + 1, { show: !this.hidden.has(each.name) }));
        this.list();
    }

    resize() {
        if (this.plot && this.canvas.clientWidth) this.plot.setSize({ width: this.canvas.clientWidth, height: this.canvas.clientHeight });
    }
}

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A panel with lines over time, drawn by uPlot.
import uPlot from '/uplot/uPlot.esm.js';

import { Legend } from './legend.js';
import { axisTimes, colour, dateText, element, entry, settings, themed } from './theme.js';
import { listenForRanges } from './ranges.js';
import { table } from './query.js';
import { format, increments } from './units.js';

const SYNC = 'time';

/** A colour with less ink. Canvas takes no color-mix in every browser: "#rrggbb" gets its transparency by hand. */
function faint(line, percent) {
    if (/^#[0-9a-f]{6}$/i.test(line)) return line + Math.round(percent * 2.55).toString(16).padStart(2, '0');
    return `color-mix(in srgb, ${line} ${percent}%, transparent)`;
}

export class Graph {
    /** Take the panel, the element to fill, and the page's ways: `time` (zoom, move), `utc()`. */
    constructor(panel, body, page) {
        this.panel = panel;
        this.page = page;
        this.hidden = new Set();
        this.plotted = '';
        this.marks = [];
        this.canvas = element('div', 'canvas');
        this.canvas.tabIndex = 0;
        this.canvas.setAttribute('role', 'group');
        this.canvas.setAttribute('aria-label', `${panel.title}: arrows move the cursor, + and - zoom, Shift and arrows move the time`);
        this.legend = new Legend(panel, (name, add) => this.toggle(name, add));
        this.tip = element('div', 'tip');
        this.tip.hidden = true;
        body.append(this.canvas, this.legend.root);
        this.sizes = new ResizeObserver(() => this.resize());
        this.sizes.observe(this.canvas);
        this.unlisten = listenForRanges(this.canvas, () => this.plot, page.time);
    }

    /** Show new data, and the dashboard's marks such as restarts. */
    show(series, from, to, marks = []) {
        this.series = series;
        this.marks = marks;
        this.range = [from / 1000, to / 1000];
        this.found = series.map((each, index) => settings(this.panel, each.name, index));
        this.data = table(series, this.panel.fieldConfig?.defaults?.custom?.spanNulls);
        const names = series.map((each) => each.name).join('\n');
        if (!this.plot || names !== this.plotted) {
            this.draw();
        } else {
            this.plot.setData(this.data, false);
            this.legend.show(this.series, this.found, this.hidden);
        }
        this.plotted = names;
        this.plot.batch(() => {
            this.plot.setScale('x', { min: this.range[0], max: this.range[1] });
        });
    }

    /** Draw anew, as after a change of colours. */
    draw() {
        this.plot?.destroy();
        this.canvas.replaceChildren();
        this.found = this.series.map((each, index) => settings(this.panel, each.name, index));
        this.plot = new uPlot(this.options(), this.data, this.canvas);
        this.plot.over.append(this.tip);
        this.legend.show(this.series, this.found, this.hidden);
    }

    /** Give everything back: uPlot listens on the window, and its synchronised cursors know each graph. */
    close() {
        this.sizes.disconnect();
        this.unlisten();
        this.plot?.destroy();
        this.plot = undefined;
    }

    options() {
        const { unit, decimals, min } = this.panel.fieldConfig?.defaults ?? {};
        const axis = { stroke: themed('--soft'), grid: { stroke: themed('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
        return {
            width: Math.max(this.canvas.clientWidth, 50),
            height: Math.max(this.canvas.clientHeight, 50),
            legend: { show: false },
            tzDate: this.page.utc() ? (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : undefined,
            cursor: {
                // Only where the pointer is goes to the other graphs: a range that is drawn in one would be drawn in each of them.
                sync: { key: SYNC, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
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
                { ...axis, space: 70, size: (plot, texts) => ((texts ?? []).some((text) => text.includes('\n')) ? 44 : 28), values: (plot, splits, index, space, step) => axisTimes(splits, step, this.range, this.page.utc()) },
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
                draw: [(plot) => this.drawMarks(plot)],
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
            fill: fillOpacity && this.series.length < 4 ? faint(found.line, fillOpacity) : undefined,
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

    /** A dashed line with a foot for each mark. */
    drawMarks(plot) {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
        for (const { colour: name, times } of this.marks) {
            ctx.strokeStyle = colour(name);
            ctx.fillStyle = colour(name);
            for (const time of times) {
                const x = plot.valToPos(time / 1000, 'x', true);
                if (x < bbox.left || x > bbox.left + bbox.width) continue;
                ctx.beginPath();
                ctx.moveTo(x, bbox.top);
                ctx.lineTo(x, bbox.top + bbox.height);
                ctx.stroke();
                ctx.fillRect(x - 3 * devicePixelRatio, bbox.top + bbox.height - 4 * devicePixelRatio, 6 * devicePixelRatio, 4 * devicePixelRatio);
            }
        }
        ctx.restore();
    }

    /** Names of the marks that lie within some pixels of a place. */
    marksAt(plot, left) {
        const near = (time) => Math.abs(plot.valToPos(time / 1000, 'x') - left) < 8;
        return this.marks.filter((mark) => mark.times.some(near)).map((mark) => mark.name);
    }

    /** Values under the pointer. */
    point(plot) {
        const { idx, left, top } = plot.cursor;
        const own = plot.over.matches(':hover') || document.activeElement === this.canvas;
        if (idx === null || idx === undefined || left < 0 || !own) {
            this.tip.hidden = true;
            return;
        }
        const { unit, decimals } = this.panel.fieldConfig?.defaults ?? {};
        const rows = this.series
            .map((each, index) => ({ name: each.name, line: this.found[index].line, value: this.near(this.data[index + 1], idx) }))
            .filter((row) => row.value !== null && !this.hidden.has(row.name))
            .sort((one, other) => other.value - one.value);
        this.tip.replaceChildren(
            element('div', 'soft', dateText(this.data[0][idx] * 1000, this.page.utc())),
            ...rows.map((row) => entry(row.name, row.line, format(row.value, unit, decimals))),
            ...this.marksAt(plot, left).map((name) => element('div', 'mark', name)),
        );
        this.tip.hidden = rows.length === 0;
        this.tip.style.maxWidth = `${plot.over.clientWidth}px`;
        // Beside the pointer where there is room, and never beyond the graph.
        const width = this.tip.offsetWidth;
        const beside = left > plot.over.clientWidth / 2 ? left - width - 14 : left + 14;
        this.tip.style.left = `${Math.max(0, Math.min(beside, plot.over.clientWidth - width))}px`;
        this.tip.style.top = `${Math.max(0, Math.min(top, plot.over.clientHeight - this.tip.offsetHeight))}px`;
    }

    /** The value at a place, or the one before where a short lack is drawn through. */
    near(column, index) {
        let place = index;
        while (place > 0 && column[place] === undefined) place -= 1;
        return column[place] ?? null;
    }

    select(plot) {
        const { left, width } = plot.select;
        if (width > 5) this.page.time.zoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
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
        this.legend.show(this.series, this.found, this.hidden);
    }

    resize() {
        if (this.plot && this.canvas.clientWidth) this.plot.setSize({ width: this.canvas.clientWidth, height: this.canvas.clientHeight });
    }
}

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a finger and the keyboard do to a graph. The mouse is uPlot's own.

const SHORTEST = 12; // pixels: less is a tap

/** The place in the graph that a touch is at. */
function place(plot, event) {
    const { left, top, width } = plot.over.getBoundingClientRect();
    return { left: Math.max(0, Math.min(event.clientX - left, width)), top: Math.max(0, event.clientY - top) };
}

/** A finger that moves sideways draws a range; one that taps shows the values. Up and down scrolls the page. */
function touches(canvas, plotOf, time) {
    let start = null;
    const down = (event) => {
        const plot = plotOf();
        if (event.pointerType === 'mouse' || !plot) return;
        start = place(plot, event);
        canvas.setPointerCapture(event.pointerId);
        plot.setCursor(start);
    };
    const move = (event) => {
        const plot = plotOf();
        if (!start || !plot) return;
        const here = place(plot, event);
        plot.setSelect({ left: Math.min(start.left, here.left), top: 0, width: Math.abs(here.left - start.left), height: plot.over.clientHeight }, false);
        plot.setCursor(here);
    };
    const end = (event) => {
        const plot = plotOf();
        if (!start || !plot) return;
        const [from, to] = [start.left, place(plot, event).left].sort((one, other) => one - other);
        start = null;
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        if (event.type === 'pointerup' && to - from > SHORTEST) time.zoom(plot.posToVal(from, 'x') * 1000, plot.posToVal(to, 'x') * 1000);
    };
    return { pointerdown: down, pointermove: move, pointerup: end, pointercancel: end };
}

/** Arrows move the cursor from point to point, + and - zoom around it, Shift and arrows move the time. */
function keys(plotOf, time) {
    return (event) => {
        const plot = plotOf();
        if (!plot || event.ctrlKey || event.metaKey || event.altKey) return;
        const count = plot.data[0].length;
        const at = plot.cursor.idx ?? count - 1;
        const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (side && event.shiftKey) time.move(side);
        else if (side && count) {
            const index = Math.max(0, Math.min(count - 1, at + side));
            plot.setCursor({ left: plot.valToPos(plot.data[0][index], 'x'), top: plot.over.clientHeight / 2 });
        } else if (event.key === '+' || event.key === '=') time.scale(0.5, count ? plot.data[0][at] * 1000 : undefined);
        else if (event.key === '-') time.scale(2);
        else if (event.key === 'Escape') plot.setCursor({ left: -10, top: -10 });
        else return;
        event.preventDefault();
    };
}

/** Listen on a graph's element; `plotOf` gives its uPlot, which changes. Returns what ends the listening. */
export function listenForRanges(canvas, plotOf, time) {
    const handlers = { ...touches(canvas, plotOf, time), keydown: keys(plotOf, time), blur: () => plotOf()?.setCursor({ left: -10, top: -10 }) };
    for (const [name, handler] of Object.entries(handlers)) canvas.addEventListener(name, handler);
    return () => {
        for (const [name, handler] of Object.entries(handlers)) canvas.removeEventListener(name, handler);
    };
}

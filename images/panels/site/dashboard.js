// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One dashboard on the page: its panels, and their data whenever it is asked for.
import { saveCsv } from './csv.js';
import { Graph } from './graph.js';
import { Stat } from './stat.js';
import { element, icon } from './theme.js';
import { ask, askMarks } from './query.js';

const KINDS = { timeseries: Graph, stat: Stat };

/** Reading order, which is what small screens show. */
function order(one, other) {
    return one.gridPos.y - other.gridPos.y || one.gridPos.x - other.gridPos.x;
}

/** A button with a picture instead of a word. */
function tool(name, title, act) {
    const made = element('button', 'tool', icon(name));
    made.type = 'button';
    made.title = title;
    made.setAttribute('aria-label', title);
    made.addEventListener('click', act);
    return made;
}

class Panel {
    constructor(panel, page) {
        this.panel = panel;
        this.note = element('p', 'note');
        this.note.hidden = true;
        this.mark = element('span', 'stale', '⚠');
        this.mark.hidden = true;
        this.root = element('section', `panel ${panel.type}`, this.head(panel, page));
        if (panel.description) this.root.title = panel.description;
        const { x, y, w, h } = panel.gridPos;
        this.root.style.gridColumn = `${x + 1} / span ${w}`;
        this.root.style.gridRow = `${y + 1} / span ${h}`;
        const body = element('div', 'body');
        this.root.append(body, this.note);
        const Kind = KINDS[panel.type];
        if (Kind) this.view = new Kind(panel, body, page);
        else this.say(`panels does not know the kind "${panel.type}"`);
    }

    head(panel, page) {
        const [link] = panel.links ?? [];
        const title = link ? element('a', '', panel.title) : element('span', '', panel.title);
        if (link) {
            title.href = link.url;
            title.addEventListener('click', (event) => page.follow(event, link.url));
        }
        const head = element('div', 'head', element('h2', '', title), this.mark);
        if (panel.type === 'timeseries') {
            head.append(
                tool('download', `Values of ${panel.title} as CSV`, () => saveCsv(panel.title, this.series ?? [])),
                tool('expand', `${panel.title} in full, or back`, () => page.view(panel.id)),
            );
        }
        return head;
    }

    say(text) {
        this.note.textContent = text;
        this.note.hidden = !text;
        this.root.classList.toggle('empty', Boolean(text));
    }

    /** A failed refresh keeps what is shown, with a mark that says since when it is old. */
    stale(text) {
        this.mark.hidden = !text;
        this.mark.title = text ? `Values of ${this.filled}. ${text}` : '';
        this.root.classList.toggle('old', Boolean(text));
    }

    /** Ask for the data between two times; an Error is returned, and does not end the others. */
    async fill(from, to, marks, signal) {
        if (!this.view) return undefined;
        try {
            this.series = await ask(this.panel, from, to, this.root.clientWidth, signal);
            const known = await marks;
            if (signal.aborted) return undefined;
            if (this.series.some((each) => each.points.some(([, value]) => value !== null))) {
                this.say('');
                this.view.show(this.series, from, to, known);
                this.shown = true;
            } else {
                this.say('No data in this time range');
            }
            this.filled = new Date().toLocaleTimeString('en-GB');
            this.stale('');
            return undefined;
        } catch (error) {
            if (signal.aborted) return undefined;
            if (this.shown) this.stale(error.message);
            else this.say(error.message);
            return error;
        }
    }

    /** Colours come from the page's theme. */
    redraw() {
        if (this.shown) this.view.draw();
    }

    /** Fill the page with this panel, hide it, or show it in its place. */
    expand(viewed) {
        const chosen = viewed === this.panel.id;
        this.root.classList.toggle('viewed', chosen);
        this.root.hidden = viewed !== null && !chosen;
        this.view?.legend?.expand(chosen);
    }
}

export class Dashboard {
    /** Take the dashboard as Grafana stores it, the element to fill, and the page's ways (see main.js). */
    constructor(model, root, page) {
        this.model = model;
        this.root = root;
        this.panels = model.panels.toSorted(order).map((panel) => new Panel(panel, page));
        root.replaceChildren(...this.panels.map((panel) => panel.root));
    }

    /** Show one panel alone, by its number, or all (null). */
    expand(viewed) {
        const found = this.panels.some((panel) => panel.panel.id === viewed) ? viewed : null;
        this.root.classList.toggle('viewing', found !== null);
        for (const panel of this.panels) panel.expand(found);
    }

    /** Ask for everything that is shown; returns the errors. */
    async fill(from, to) {
        this.asked?.abort();
        this.asked = new AbortController();
        const { signal } = this.asked;
        let missing;
        // Graphs without marks are better than none.
        const marks = askMarks(this.model, from, to, this.root.clientWidth, signal).catch((error) => {
            missing = error;
            return [];
        });
        const shown = this.panels.filter((panel) => !panel.root.hidden);
        const errors = await Promise.all(shown.map((panel) => panel.fill(from, to, marks, signal)));
        return signal.aborted ? [] : [...errors, missing].filter(Boolean);
    }

    close() {
        this.asked?.abort();
        for (const panel of this.panels) panel.view?.close?.();
    }

    redraw() {
        for (const panel of this.panels) panel.redraw();
    }
}

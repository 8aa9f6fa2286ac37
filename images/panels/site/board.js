// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// One dashboard on the page: its panels, and their data whenever it is asked for.
import { Graph } from './graph.js';
import { element } from './looks.js';
import { Numbers } from './numbers.js';
import { ask } from './query.js';

const KINDS = { timeseries: Graph, stat: Numbers };

/** Reading order, which is what small screens show. */
function order(one, other) {
    return one.gridPos.y - other.gridPos.y || one.gridPos.x - other.gridPos.x;
}

class Place {
    constructor(panel, zoom, open) {
        this.panel = panel;
        this.note = element('p', 'note');
        this.note.hidden = true;
        const [link] = panel.links ?? [];
        const title = link ? element('a', '', panel.title) : element('span', '', panel.title);
        if (link) {
            title.href = link.url;
            title.addEventListener('click', (event) => open(event, link.url));
        }
        const body = element('div', 'body');
        this.root = element('section', `panel ${panel.type}`, element('h2', '', title), body, this.note);
        if (panel.description) this.root.title = panel.description;
        const { x, y, w, h } = panel.gridPos;
        this.root.style.gridColumn = `${x + 1} / span ${w}`;
        this.root.style.gridRow = `${y + 1} / span ${h}`;
        const Kind = KINDS[panel.type];
        if (Kind) this.view = new Kind(panel, body, zoom);
        else this.say(`panels does not know the kind "${panel.type}"`);
    }

    say(text) {
        this.note.textContent = text;
        this.note.hidden = !text;
        this.root.classList.toggle('empty', Boolean(text));
    }

    async fill(from, to, signal) {
        if (!this.view) return true;
        try {
            const series = await ask(this.panel, from, to, this.root.clientWidth, signal);
            const data = series.some((each) => each.points.some(([, value]) => value !== null));
            if (data) {
                this.say('');
                this.view.show(series, from, to);
                this.shown = true;
            } else {
                this.say('No data in this time range');
            }
            return true;
        } catch (error) {
            if (signal.aborted) return true;
            this.say(error.message);
            return false;
        }
    }

    /** Colours come from the page's theme. */
    redraw() {
        if (this.shown) this.view.draw();
    }
}

export class Board {
    constructor(dashboard, root, zoom, open) {
        this.places = dashboard.panels.toSorted(order).map((panel) => new Place(panel, zoom, open));
        root.replaceChildren(...this.places.map((place) => place.root));
    }

    /** Ask for everything; true when every panel had an answer. */
    async fill(from, to) {
        this.asked?.abort();
        this.asked = new AbortController();
        const { signal } = this.asked;
        const answers = await Promise.all(this.places.map((place) => place.fill(from, to, signal)));
        return answers.every(Boolean);
    }

    close() {
        this.asked?.abort();
    }

    redraw() {
        for (const place of this.places) place.redraw();
    }
}

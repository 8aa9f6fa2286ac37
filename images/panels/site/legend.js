// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The names below a graph with their values: a line of buttons, or a table that can be sorted when the panel fills the page.
import { element, entry } from './theme.js';
import { latest } from './query.js';
import { format } from './units.js';

const COLUMNS = { name: 'Name', min: 'Min', mean: 'Mean', max: 'Max', last: 'Last' };
const HINT = 'Click: only this one, or all again. Ctrl and click: hide or show it.';

/** Smallest, mean, largest and latest value of a series. */
export function statistics(series) {
    const values = series.points.map(([, value]) => value).filter((value) => value !== null);
    if (!values.length) return { min: null, mean: null, max: null, last: null };
    const reduced = values.reduce((found, value) => ({ min: Math.min(found.min, value), max: Math.max(found.max, value), sum: found.sum + value }), { min: Infinity, max: -Infinity, sum: 0 });
    return { min: reduced.min, mean: reduced.sum / values.length, max: reduced.max, last: latest(series) };
}

export class Legend {
    /** Take the panel, and what to do when a name is chosen: `toggle(name, add)`. */
    constructor(panel, toggle) {
        this.panel = panel;
        this.toggle = toggle;
        this.table = false;
        this.sort = { column: 'last', down: true };
        this.root = element('div', 'legend');
    }

    /** Show the series; what has the keyboard's focus keeps it, as names that are the same keep their elements. */
    show(series, found, hidden) {
        Object.assign(this, { series, found, hidden });
        const { activeElement } = document;
        const focused = this.root.contains(activeElement) ? activeElement.dataset.key : undefined;
        this.root.replaceChildren(...(this.table ? [this.asTable()] : this.asButtons()));
        if (focused) [...this.root.querySelectorAll('[data-key]')].find((each) => each.dataset.key === focused)?.focus({ preventScroll: true });
    }

    /** A table instead of buttons, or the other way round. */
    expand(table) {
        if (this.table === table) return;
        this.table = table;
        this.redraw();
    }

    redraw() {
        if (this.series) this.show(this.series, this.found, this.hidden);
    }

    text(value) {
        const { unit, decimals } = this.panel.fieldConfig?.defaults ?? {};
        return format(value, unit, decimals);
    }

    button(each, index, ...more) {
        const made = element('button', 'series', ...entry(each.name, this.found[index].line, ...more).childNodes);
        made.type = 'button';
        made.title = HINT;
        made.dataset.key = each.name;
        made.setAttribute('aria-pressed', String(!this.hidden.has(each.name)));
        made.addEventListener('click', (event) => this.toggle(each.name, event.ctrlKey || event.metaKey || event.shiftKey));
        return made;
    }

    asButtons() {
        const most = this.panel.options?.legend?.calcs?.includes('max');
        return this.series.map((each, index) => {
            const { max, last } = statistics(each);
            const made = this.button(each, index, this.text(last));
            if (most) made.append(element('span', 'soft', `max ${this.text(max)}`));
            return made;
        });
    }

    asTable() {
        const rows = this.series.map((each, index) => ({ each, index, name: each.name, ...statistics(each) }));
        const { column, down } = this.sort;
        const by = column === 'name' ? (one, other) => one.name.localeCompare(other.name) : (one, other) => (one[column] ?? -Infinity) - (other[column] ?? -Infinity);
        rows.sort((one, other) => (down ? -by(one, other) : by(one, other)));
        const heads = Object.entries(COLUMNS).map(([key, title]) => {
            const button = element('button', 'sort', title);
            button.type = 'button';
            button.dataset.key = `sort ${key}`;
            button.addEventListener('click', () => {
                this.sort = { column: key, down: this.sort.column === key ? !this.sort.down : key !== 'name' };
                this.redraw();
            });
            const head = element('th', '', button);
            head.scope = 'col';
            if (key === column) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
            return head;
        });
        const lines = rows.map(({ each, index, ...values }) => element(
            'tr', '',
            element('td', '', this.button(each, index)),
            ...['min', 'mean', 'max', 'last'].map((key) => element('td', 'value', this.text(values[key]))),
        ));
        return element('table', '', element('thead', '', element('tr', '', ...heads)), element('tbody', '', ...lines));
    }
}

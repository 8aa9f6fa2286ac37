// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// A panel with the latest value of each series in large, with its course behind it where the dashboard asks for it.
import { colour, element, mapped, settings, threshold } from './theme.js';
import { latest } from './query.js';
import { format } from './units.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 100;
const HEIGHT = 30;

export class Stat {
    constructor(panel, body) {
        this.panel = panel;
        this.body = body;
    }

    /** Show new data. */
    show(series, from, to) {
        Object.assign(this, { series, from, to });
        this.draw();
    }

    draw() {
        const several = this.series.length > 1;
        const named = several || this.panel.options?.textMode === 'value_and_name';
        const parts = this.series.map((each, index) => this.value(each, index, named));
        this.body.replaceChildren(element('div', several ? 'numbers several' : 'numbers', ...parts));
        if (!several && this.panel.options?.graphMode === 'area') this.body.prepend(this.course(this.series[0]));
    }

    value(series, index, named) {
        const found = settings(this.panel, series.name, index);
        const value = latest(series);
        const word = mapped(found, value);
        const text = element('span', 'large', word?.text ?? format(value, found.unit, found.decimals));
        text.style.color = value === null ? '' : word?.color ? colour(word.color) : threshold(found, value);
        return named ? element('div', 'number', text, element('span', 'soft', series.name)) : element('div', 'number', text);
    }

    /** The line of all values, from 0 to the highest. */
    course(series) {
        const points = series.points.filter(([, value]) => value !== null);
        const top = Math.max(...points.map(([, value]) => value), Number.EPSILON) * 1.15;
        const places = points.map(([time, value]) => {
            const across = ((time - this.from) / (this.to - this.from)) * WIDTH;
            return `${across.toFixed(2)} ${(HEIGHT - (value / top) * HEIGHT).toFixed(2)}`;
        });
        const made = document.createElementNS(SVG, 'svg');
        made.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
        made.setAttribute('preserveAspectRatio', 'none');
        made.setAttribute('class', 'course');
        if (places.length > 1) {
            const [first, last] = [places[0].split(' ')[0], places.at(-1).split(' ')[0]];
            for (const [name, line] of [
                ['under', `M${first} ${HEIGHT}L${places.join('L')}L${last} ${HEIGHT}Z`],
                ['over', `M${places.join('L')}`],
            ]) {
                const path = document.createElementNS(SVG, 'path');
                path.setAttribute('class', name);
                path.setAttribute('d', line);
                made.append(path);
            }
            made.style.color = threshold(settings(this.panel, series.name, 0), latest(series));
        }
        return made;
    }
}

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The list of dashboards at the side; on small screens it lies above the page and can be closed.
import { element } from './theme.js';

const $ = (id) => document.getElementById(id);

export class List {
    /** Take what follows a link: `follow(event, url)`. */
    constructor(follow) {
        this.follow = follow;
        $('menu').addEventListener('click', () => (this.isOpen() ? this.close() : this.open()));
        $('shut').addEventListener('click', () => this.close());
        $('shade').addEventListener('click', () => this.close());
        $('search').addEventListener('input', () => this.search());
    }

    fill(models) {
        $('list').replaceChildren(...models.map((model) => {
            const link = element('a', '', element('strong', '', model.title), element('span', 'soft', model.description ?? ''));
            link.href = `/d/${model.uid}`;
            link.dataset.uid = model.uid;
            link.addEventListener('click', (event) => {
                this.close();
                this.follow(event, link.getAttribute('href'));
            });
            return link;
        }));
    }

    /** Mark the one that is shown. */
    choose(uid) {
        for (const link of $('list').children) {
            if (link.dataset.uid === uid) link.setAttribute('aria-current', 'page');
            else link.removeAttribute('aria-current');
        }
    }

    /** Only those whose title or description has the words. */
    search() {
        const words = $('search').value.toLowerCase().split(/\s+/);
        let count = 0;
        for (const link of $('list').children) {
            link.hidden = !words.every((word) => link.textContent.toLowerCase().includes(word));
            if (!link.hidden) count += 1;
        }
        $('nothing').hidden = count > 0;
    }

    isOpen() {
        return document.body.classList.contains('listing');
    }

    open() {
        document.body.classList.add('listing');
        $('menu').setAttribute('aria-expanded', 'true');
        $('search').focus();
    }

    /** Close it; false where it was not open. */
    close() {
        if (!this.isOpen()) return false;
        document.body.classList.remove('listing');
        $('menu').setAttribute('aria-expanded', 'false');
        $('menu').focus();
        return true;
    }
}

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The page around the dashboards: list, time range, refresh, light and dark. The address tells what is shown, as Grafana's does.
import { Board } from './board.js';
import { element } from './looks.js';
import { moment } from './query.js';

const HOME = 'ft-overview';
const RANGES = {
    '5m': 'Last 5 minutes', '15m': 'Last 15 minutes', '30m': 'Last 30 minutes', '1h': 'Last hour', '3h': 'Last 3 hours',
    '6h': 'Last 6 hours', '12h': 'Last 12 hours', '24h': 'Last 24 hours', '2d': 'Last 2 days', '7d': 'Last 7 days', '14d': 'Last 14 days',
};
const REFRESH = { '': 'Off', 5: '5 s', 10: '10 s', 30: '30 s', 60: '1 min', 300: '5 min' };
const FIT = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' };

const $ = (id) => document.getElementById(id);
const state = { dashboards: [], board: null, timer: 0 };

async function get(path) {
    const response = await fetch(new URL(path, window.location.origin));
    if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
    return response.json();
}

/** All dashboards, the overview first. */
async function load() {
    const files = (await get('/dashboards/')).filter((file) => file.name.endsWith('.json'));
    const found = await Promise.all(files.map((file) => get(`/dashboards/${file.name}`)));
    const rank = (each) => (each.uid === HOME ? `0${each.title}` : `1${each.title}`);
    return found.sort((one, other) => rank(one).localeCompare(rank(other)));
}

/** What the address says. */
function wanted() {
    const query = new URLSearchParams(window.location.search);
    const uid = /^\/d\/([\w-]+)/.exec(window.location.pathname)?.[1] ?? HOME;
    const dashboard = state.dashboards.find((each) => each.uid === uid);
    const { from = 'now-1h', to = 'now' } = dashboard?.time ?? {};
    return { uid, dashboard, from: query.get('from') ?? from, to: query.get('to') ?? to };
}

/** Change the address: another dashboard or time. */
function go(change, replace = false) {
    const now = { ...wanted(), ...change };
    const query = new URLSearchParams({ from: now.from, to: now.to });
    window.history[replace ? 'replaceState' : 'pushState'](null, '', `/d/${now.uid}?${query}`);
    if (change.uid) open();
    else times();
}

/** Show the dashboard of the address. */
function open() {
    const { uid, dashboard } = wanted();
    state.board?.close();
    state.board = null;
    $('message').hidden = true;
    for (const link of $('list').children) link.classList.toggle('here', link.dataset.uid === uid);
    document.body.classList.remove('listing');
    if (!dashboard) {
        $('board').replaceChildren();
        tell(`There is no dashboard "${uid}".`);
        return;
    }
    document.title = `${dashboard.title} · panels`;
    $('title').textContent = dashboard.title;
    $('about').textContent = dashboard.description ?? '';
    state.board = new Board(dashboard, $('board'), zoom, follow);
    window.scrollTo(0, 0);
    times();
}

/** Show the address's time range in the choice, then its data. */
function times() {
    const { from, to } = wanted();
    const short = to === 'now' && from.startsWith('now-') ? from.slice('now-'.length) : 'own';
    const known = short in RANGES ? short : 'own';
    $('range').value = known;
    $('own').textContent = known === 'own' ? `${clock(from)} – ${clock(to)}` : 'Other…';
    fill();
}

function clock(text) {
    return /^\d+$/.test(text) ? new Date(Number(text)).toLocaleString('en-GB', FIT).replace(',', '') : text;
}

async function fill() {
    window.clearTimeout(state.timer);
    const { board } = state;
    if (!board) return;
    let good = false;
    try {
        const { from, to } = wanted();
        const now = Date.now();
        document.body.classList.add('busy');
        good = await board.fill(moment(from, now), moment(to, now));
    } catch (error) {
        tell(error.message);
    }
    if (board !== state.board) return;
    document.body.classList.remove('busy');
    document.body.classList.toggle('ready', good);
    $('when').textContent = `${good ? '' : 'incomplete, '}${new Date().toLocaleTimeString('en-GB')}`;
    plan();
}

/** Ask again after the chosen time, as long as somebody looks. */
function plan() {
    window.clearTimeout(state.timer);
    const seconds = Number($('refresh').value);
    if (seconds && !document.hidden) state.timer = window.setTimeout(fill, seconds * 1000);
}

function tell(text) {
    $('message').textContent = text;
    $('message').hidden = false;
}

function zoom(from, to) {
    go({ from: String(Math.floor(from)), to: String(Math.ceil(to)) });
}

/** A link to a dashboard needs no new page, unless the browser is asked for one. */
function follow(event, url) {
    const uid = /^\/d\/([\w-]+)/.exec(url)?.[1];
    if (!uid || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go({ uid });
}

function choices(select, texts) {
    for (const [value, text] of Object.entries(texts)) select.append(new Option(text, value));
}

/** "system" follows the device. */
function theme(name) {
    document.documentElement.dataset.theme = name;
    $('theme').value = name;
    localStorage.setItem('theme', name);
    state.board?.redraw();
}

function local(milliseconds) {
    const date = new Date(milliseconds);
    return new Date(milliseconds - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function ownRange() {
    const { from, to } = wanted();
    const now = Date.now();
    $('from').value = local(moment(from, now));
    $('to').value = local(moment(to, now));
    $('times').showModal();
}

function listen() {
    $('range').addEventListener('change', (event) => {
        if (event.target.value === 'own') ownRange();
        else go({ from: `now-${event.target.value}`, to: 'now' });
    });
    $('times').addEventListener('close', () => {
        const [from, to] = [new Date($('from').value).getTime(), new Date($('to').value).getTime()];
        if ($('times').returnValue === 'show' && from < to) zoom(from, to);
        else times();
    });
    $('refresh').addEventListener('change', (event) => {
        localStorage.setItem('refresh', event.target.value);
        plan();
    });
    $('again').addEventListener('click', fill);
    $('theme').addEventListener('change', (event) => theme(event.target.value));
    $('menu').addEventListener('click', () => document.body.classList.toggle('listing'));
    window.addEventListener('popstate', open);
    document.addEventListener('visibilitychange', () => (document.hidden ? plan() : fill()));
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => state.board?.redraw());
}

function list() {
    $('list').replaceChildren(...state.dashboards.map((dashboard) => {
        const link = element('a', '', element('strong', '', dashboard.title), element('span', 'soft', dashboard.description ?? ''));
        link.href = `/d/${dashboard.uid}`;
        link.dataset.uid = dashboard.uid;
        link.addEventListener('click', (event) => follow(event, `/d/${dashboard.uid}`));
        return link;
    }));
}

async function main() {
    choices($('range'), RANGES);
    const own = new Option('Other…', 'own');
    own.id = 'own';
    $('range').append(own);
    choices($('refresh'), REFRESH);
    $('refresh').value = localStorage.getItem('refresh') ?? '10';
    theme(localStorage.getItem('theme') ?? 'system');
    listen();
    try {
        state.dashboards = await load();
    } catch (error) {
        tell(`The dashboards cannot be read: ${error.message}`);
        return;
    }
    list();
    open();
}

main();

// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The page around the dashboards. Its address tells what is shown, in the forms that Grafana's addresses have:
// /d/UID, from, to, refresh, timezone, viewPanel, kiosk; what else stands there (var-...) is kept.
import { Dashboard } from './dashboard.js';
import { List } from './list.js';
import { SessionOver } from './query.js';
import { dateText } from './theme.js';
import { moved, range, refreshSeconds, words, zoomed } from './time.js';

const HOME = 'ft-overview';
const RANGES = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '14d'];
const REFRESH = [['off', 'Off'], ['5s', '5 s'], ['10s', '10 s'], ['30s', '30 s'], ['1m', '1 min'], ['5m', '5 min']];

const $ = (id) => document.getElementById(id);
const state = { models: [], dashboard: null, uid: '', timer: 0 };

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
    const model = state.models.find((each) => each.uid === uid);
    const { from = 'now-1h', to = 'now' } = model?.time ?? {};
    return {
        query,
        uid,
        model,
        from: query.get('from') ?? from,
        to: query.get('to') ?? to,
        refresh: query.get('refresh') ?? localStorage.getItem('refresh') ?? '10s',
        utc: query.get('timezone') === 'utc',
        kiosk: query.has('kiosk'),
        panel: query.has('viewPanel') ? Number(query.get('viewPanel').replace(/^panel-/, '')) : null,
    };
}

function utc() {
    return wanted().utc;
}

function bounds() {
    const { from, to } = wanted();
    return range({ from, to }, Date.now(), utc());
}

/** Change the address: `uid`, or parameters; null takes one away. */
function go({ uid, ...change }, replace = false) {
    const now = wanted();
    const { query } = now;
    if (uid && uid !== now.uid) query.delete('viewPanel');
    const all = { from: now.from, to: now.to, ...change };
    for (const [name, value] of Object.entries(all)) {
        if (value === null) query.delete(name);
        else query.set(name, value);
    }
    window.history[replace ? 'replaceState' : 'pushState'](null, '', `/d/${uid ?? now.uid}?${query}`);
    show();
}

/** Show what the address says: its dashboard, where that is another one, and its time. */
function show() {
    const { uid, model, from, to, kiosk, panel, refresh } = wanted();
    tell('');
    list.choose(uid);
    document.body.classList.toggle('kiosk', kiosk);
    if (!state.dashboard || state.uid !== uid) {
        state.dashboard?.close();
        state.dashboard = model ? new Dashboard(model, $('board'), page) : null;
        state.uid = uid;
        window.scrollTo(0, 0);
    }
    $('title').textContent = model?.title ?? 'panels';
    $('about').textContent = model?.description ?? '';
    document.title = `${model?.title ?? 'No such dashboard'} · panels`;
    if (!model) {
        $('board').replaceChildren();
        tell(`There is no dashboard "${uid}".`);
        return;
    }
    state.dashboard.expand(panel);
    const short = to === 'now' && from.startsWith('now-') ? from.slice('now-'.length) : '';
    $('range').value = RANGES.includes(short) ? short : 'own';
    $('own').textContent = words({ from, to }) ?? `${clock(from)} – ${clock(to)}`;
    $('own').hidden = RANGES.includes(short);
    $('refresh').value = REFRESH.some(([value]) => value === refresh) ? refresh : 'off';
    $('utc').setAttribute('aria-pressed', String(utc()));
    fill();
}

function clock(text) {
    return /^\d+$/.test(text) ? dateText(Number(text), utc()) : text;
}

async function fill() {
    window.clearTimeout(state.timer);
    const { dashboard } = state;
    if (!dashboard) return;
    let errors = [];
    document.body.classList.add('busy');
    try {
        const { from, to } = bounds();
        errors = await dashboard.fill(from, to);
    } catch (error) {
        errors = [error];
    }
    if (dashboard !== state.dashboard) return;
    document.body.classList.remove('busy');
    document.body.classList.toggle('ready', !errors.length);
    if (errors.some((error) => error instanceof SessionOver)) {
        window.location.assign(`/login?next=${window.location.pathname}${window.location.search}`);
        return;
    }
    tell([...new Set(errors.map((error) => error.message))].join(' '));
    $('when').textContent = `${errors.length ? 'incomplete, ' : ''}${new Date().toLocaleTimeString('en-GB', utc() ? { timeZone: 'UTC' } : {})}`;
    plan();
}

/** Ask again after the chosen time, as long as somebody looks. */
function plan() {
    window.clearTimeout(state.timer);
    let seconds = 0;
    try {
        seconds = refreshSeconds(wanted().refresh);
    } catch (error) {
        tell(`refresh: ${error.message}`);
    }
    if (seconds && !document.hidden) state.timer = window.setTimeout(fill, seconds * 1000);
}

function tell(text) {
    $('message').textContent = text;
    $('message').hidden = !text;
}

/** The ways to another time, for the graphs and the buttons. */
const time = {
    zoom(from, to) {
        go({ from: String(Math.floor(from)), to: String(Math.ceil(to)) });
    },
    move(direction) {
        const { from, to } = moved(bounds(), direction, Date.now());
        time.zoom(from, to);
    },
    scale(factor, around) {
        const { from, to } = zoomed(bounds(), factor, Date.now(), around);
        time.zoom(from, to);
    },
};

/** What a dashboard needs of the page. */
const page = {
    time,
    utc,
    /** A link to a dashboard needs no new page, unless the browser is asked for one. */
    follow(event, url) {
        const uid = /^\/d\/([\w-]+)/.exec(url)?.[1];
        if (!uid || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        go({ uid });
    },
    /** One panel fills the page, or all are there again. */
    view(id) {
        go({ viewPanel: wanted().panel === id ? null : String(id) });
    },
};
const list = new List(page.follow);

/** "system" follows the device. */
function theme(name) {
    document.documentElement.dataset.theme = name;
    $('theme').value = name;
    localStorage.setItem('theme', name);
    state.dashboard?.redraw();
}

function local(milliseconds) {
    const offset = utc() ? 0 : new Date(milliseconds).getTimezoneOffset() * 60000;
    return new Date(milliseconds - offset).toISOString().slice(0, 19);
}

function chosen(input) {
    return new Date(input.value + (utc() ? 'Z' : '')).getTime();
}

/** Ask for the two ends of a range. */
function askRange() {
    try {
        const { from, to } = bounds();
        $('from').value = local(from);
        $('to').value = local(to);
    } catch {
        // What the address says is no range: the fields keep what they have.
    }
    checkRange();
    $('times').showModal();
}

function checkRange() {
    $('to').setCustomValidity(chosen($('from')) < chosen($('to')) ? '' : 'The end has to be later than the begin.');
}

/** An address with fixed times, so that who gets it sees the same. */
async function share() {
    const { query, uid } = wanted();
    const { from, to } = bounds();
    query.set('from', Math.floor(from));
    query.set('to', Math.ceil(to));
    const address = new URL(`/d/${uid}?${query}`, window.location.origin).href;
    try {
        await navigator.clipboard.writeText(address);
        $('share').title = 'Copied';
        $('shared').textContent = 'Link copied';
        window.setTimeout(() => ($('shared').textContent = ''), 3000);
    } catch {
        window.prompt('The link to what is shown:', address);
    }
}

function kiosk() {
    go({ kiosk: wanted().kiosk ? null : '' });
}

/** Keys of the whole page, those of Grafana where it has some; not while somebody types. */
function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('dialog')) return;
    if (event.key === 'Escape' && list.close()) return;
    if (event.target.closest('input, select')) return;
    if (event.key === 'Escape') {
        const { kiosk: whole, panel } = wanted();
        if (whole || panel !== null) go({ kiosk: null, viewPanel: null });
    } else if (event.key === 'r') fill();
    else if (event.key === 'k') kiosk();
    else if (event.key === 'z') time.scale(2);
}

function listen() {
    $('range').addEventListener('change', (event) => go({ from: `now-${event.target.value}`, to: 'now' }));
    $('refresh').addEventListener('change', (event) => {
        localStorage.setItem('refresh', event.target.value);
        go({ refresh: event.target.value }, true);
    });
    $('theme').addEventListener('change', (event) => theme(event.target.value));
    const clicks = {
        custom: askRange, back: () => time.move(-1), on: () => time.move(1), out: () => time.scale(2), again: fill, share, kiosk,
        utc: () => go({ timezone: utc() ? null : 'utc' }), leave: kiosk,
    };
    for (const [id, act] of Object.entries(clicks)) $(id).addEventListener('click', act);
    for (const id of ['from', 'to']) $(id).addEventListener('input', checkRange);
    $('times').addEventListener('close', () => {
        if ($('times').returnValue === 'show') time.zoom(chosen($('from')), chosen($('to')));
    });
    document.addEventListener('keydown', key);
    window.addEventListener('popstate', show);
    document.addEventListener('visibilitychange', () => (document.hidden ? plan() : fill()));
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => state.dashboard?.redraw());
}

async function main() {
    for (const value of RANGES) $('range').append(new Option(words({ from: `now-${value}`, to: 'now' }), value));
    $('range').append($('own'));
    for (const [value, text] of REFRESH) $('refresh').append(new Option(text, value));
    // The status page is at the same address, on the usual port.
    $('front').href = `https://${window.location.hostname}/`;
    theme(localStorage.getItem('theme') ?? 'system');
    listen();
    try {
        state.models = await load();
    } catch (error) {
        tell(`The dashboards cannot be read: ${error.message}`);
        return;
    }
    list.fill(state.models);
    if (window.location.pathname === '/dashboards') list.open();
    show();
}

main();

'use strict';
// The dashboard: reads /v1/stream, draws, and steers. Text reaches the page as text, never as HTML,
// but for the explanation, which the server has escaped.

const $ = (id) => document.getElementById(id);
const state = { token: '', overview: null, orders: new Map(), heard: 0, isOpen: false, hasFeed: false, run: 0, alerts: '' };
const FEED_MAX = 60;

function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

// Numbers are exact decimals in texts; only their look is changed here.
function money(text) {
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? '–' : value.toFixed(2);
}
function price(text) {
  const value = Number(text);
  return text === '' || Number.isNaN(value) || value === 0 ? '–' : value.toFixed(3).replace(/0$/, '');
}
function sign(text) { const value = Number(text); return value > 0 ? 'good' : value < 0 ? 'bad' : ''; }
// Titles of venues hold whole timestamps; a table has room for less.
function brief(title) {
  return title.replace(/\d{4}-(\d\d-\d\d)T(\d\d:\d\d)(:[\d.]+)?Z/g, '$1 $2');
}
function side(at, size) { return Number(at) ? `${price(at)} × ${Math.round(Number(size))}` : '–'; }
function clock(time) { return time ? time.slice(11, 19) : '–'; }
function percent(share) { return `${Math.round(share * 1000) / 10} %`; }
function span(nanoseconds) {
  if (!nanoseconds) return '–';
  return nanoseconds < 1e7 ? `${Math.round(nanoseconds / 1e3)} µs` : `${Math.round(nanoseconds / 1e6)} ms`;
}
function age(millis) {
  if (millis === null || millis === undefined) return '–';
  return millis < 1000 ? `${millis} ms` : millis < 600000 ? `${Math.round(millis / 100) / 10} s` : 'old';
}

function fill(table, rows, empty) {
  const body = $(table).tBodies[0];
  if (!rows.length) {
    const cell = make('td', empty, 'empty');
    cell.colSpan = $(table).tHead.rows[0].cells.length;
    const row = make('tr');
    row.append(cell);
    body.replaceChildren(row);
    return;
  }
  body.replaceChildren(...rows);
}

function row(cells) {
  const line = make('tr');
  cells.forEach(([content, className], index) => {
    const cell = make(index === 0 ? 'th' : 'td', undefined, className);
    if (index === 0) cell.scope = 'row';
    if (content instanceof Node) cell.append(content); else cell.textContent = content;
    line.append(cell);
  });
  return line;
}

function orderButton(number) {
  const button = make('button', String(number), 'link');
  button.type = 'button';
  button.setAttribute('aria-label', `Explain order ${number}`);
  button.addEventListener('click', () => explain(number));
  return button;
}

// MARK: Drawing

function drawBanner(view) {
  const { facts, picture, progress } = view;
  $('banner').dataset.mode = facts.mode;
  $('mode').textContent = facts.mode.toUpperCase();
  document.title = `${facts.mode.toUpperCase()} · Bellwether ${facts.cluster}`;
  const notes = [];
  if (facts.mode === 'live') notes.push('REAL MONEY');
  if (facts.isSimulated) notes.push('simulated counterparties: profit is no evidence');
  $('mode-note').textContent = notes.join(' · ');
  const signers = facts.quorum === 1 ? 'one operator alone' : `${facts.quorum} operators to resume`;
  $('cluster').textContent = `${facts.cluster} · ${signers}`;
  $('arming').textContent = picture.arming;
  $('clock').textContent = `market ${clock(progress.marketTime)}`;
  const halts = picture.halts.map((halt) => `${halt.scope} ${halt.state}${halt.since ? ` since ${clock(halt.since)}` : ''}`);
  $('halted').hidden = halts.length === 0;
  $('halted').textContent = halts.length ? `HALTED: ${halts.join('; ')}` : '';
}

function tile(name, value, note, className) {
  const box = make('div');
  const text = make('dd', value, className);
  if (note) text.append(make('small', note));
  box.append(make('dt', name), text);
  return box;
}

function drawNight(view) {
  const night = view.overnight;
  $('night-since').textContent = `12 hours of market time, since ${night.since.slice(0, 16)}Z`;
  const needs = $('needs');
  if (night.needsYou.length) {
    const box = make('div', undefined, 'needs');
    const list = make('ul');
    night.needsYou.forEach((text) => list.append(make('li', text)));
    box.append(make('b', 'Needs you'), list);
    needs.replaceChildren(box);
  } else {
    needs.replaceChildren(make('p', 'Nothing needs you.', 'calm'));
  }
  const profit = view.picture.strategies.reduce((sum, one) => sum + Number(one.profit), 0);
  const refused = night.refused.map((one) => `${one.reason} ${one.count}`).join(', ');
  const count = night.refused.reduce((sum, one) => sum + one.count, 0);
  $('night').replaceChildren(
    tile('profit after fees', money(profit), night.profitChange === null || night.profitChange === undefined
      ? 'no curve yet' : `${money(night.profitChange)} in this time`, sign(profit)),
    tile('orders and fills', `${night.orders} / ${night.fills}`),
    tile('refused', String(count), refused || 'nothing'),
    tile('money locked', money(night.moneyLocked), night.lockedUntil
      ? `until ${night.lockedUntil.slice(0, 16)}Z at the latest` : 'no position'),
    tile('nearest brake', night.nearestBrakeUsed === undefined || night.nearestBrakeUsed === null
      ? 'none stated' : `${percent(night.nearestBrakeUsed)} used`, night.nearestBrake,
      night.nearestBrakeUsed >= 0.8 ? 'bad' : ''));
}

// A button that is drawn anew loses its focus, so only news is drawn.
function drawAlerts(view) {
  const news = JSON.stringify(view.alerts);
  if (news === state.alerts) return;
  state.alerts = news;
  $('alerts').hidden = view.alerts.length === 0;
  $('alerts').replaceChildren(...view.alerts.map((alert) => {
    const line = make('li');
    const isNew = !alert.isAcknowledged;
    line.append(make('b', alert.severity, isNew ? 'bad' : ''), ` ${alert.text} (since ${clock(alert.raisedAt)}) `);
    if (isNew) line.append(acknowledgeButton(alert.alert)); else line.append(make('small', alert.state));
    return line;
  }));
}

function acknowledgeButton(number) {
  const button = make('button', 'Acknowledge');
  button.type = 'button';
  button.setAttribute('aria-label', `Acknowledge alert ${number}`);
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const answer = await fetch(`/v1/alerts/${number}/acknowledge`, { method: 'POST', headers: headers({}) });
      button.textContent = answer.ok ? 'Acknowledged' : await problemOf(answer);
    } catch (error) {
      button.textContent = `Not sent: ${error.message}`;
    }
  });
  return button;
}

function drawMarkets(view) {
  const isOver = (market) => ['settled', 'closed', 'resolved'].includes(market.status);
  const rank = (market) => (isOver(market) ? 2 : market.status === 'open' ? 0 : 1);
  const sorted = [...view.markets].sort((a, b) => rank(a) - rank(b) || a.closeAt.localeCompare(b.closeAt));
  fill('markets', sorted.map((market) => {
    const name = make('span', brief(market.title || market.instrument));
    name.title = market.instrument;
    const why = make('span', market.why || 'trading', market.why ? '' : 'good');
    if (market.lastOrder) why.append(' ', orderButton(market.lastOrder));
    const line = row([
      [name], [side(market.bid, market.bidQuantity), 'n'],
      [side(market.ask, market.askQuantity), 'n'], [price(market.fairValue), 'n'],
      [market.edge === '' ? '–' : Number(market.edge).toFixed(4), `n ${isOver(market) ? '' : sign(market.edge)}`],
      [why], [isOver(market) ? '–' : age(market.quoteAgeMillis), 'n'], [clock(market.closeAt), 't']]);
    if (isOver(market)) line.className = 'over';
    return line;
  }), 'No market is open.');
}

function drawProfit(view) {
  const groups = [];
  const add = (name, parts) => groups.push([name, parts]);
  const sum = (list, key) => list.reduce((total, one) => total + Number(one[key]), 0);
  const strategies = view.picture.strategies;
  const names = (pick) => [...new Set(strategies.flatMap(pick))].sort();
  const agentsOf = (one) => (one.agents.length ? one.agents : [one.strategy]);
  names(agentsOf).forEach((name) => add(name, strategies.filter((one) => agentsOf(one).includes(name))));
  names((one) => one.venues).forEach((name) => add(`at ${name}`, strategies.filter((one) => one.venues.includes(name))));
  add('all', strategies);
  fill('pnl', strategies.length ? groups.map(([name, list]) => row([
    [name], ...['realized', 'unrealized', 'fees', 'profit'].map((key) =>
      [money(sum(list, key)), `n ${key === 'fees' ? '' : sign(sum(list, key))}`])])) : [],
  'No strategy has traded yet.');
}

function bar(name, text, share, mark) {
  const box = make('div', undefined, 'bar');
  const track = make('span', undefined, 'track');
  const used = make('i', undefined, share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : '');
  used.style.width = `${Math.min(100, Math.max(0, share * 100))}%`;
  track.append(used);
  track.setAttribute('aria-hidden', 'true');
  box.append(make('span', name), make('span', text, mark || (share >= 0.8 ? 'bad' : 'soft')), track);
  return box;
}

function drawLimits(view) {
  const bars = [];
  view.picture.brakes.forEach((brake) => {
    if (brake.used === null || brake.used === undefined) return;
    const mark = brake.state === 'clear' ? '' : 'bad';
    bars.push(bar(`brake · ${brake.scope}`, `${brake.state}, ${percent(brake.used)} used`, brake.used, mark));
  });
  view.picture.uses.forEach((use) => bars.push(
    bar(`${use.limit} · ${use.scope}`, `${use.used} of ${use.max}`, use.share)));
  $('limits').replaceChildren(...(bars.length ? bars : [make('p', 'No limit is stated for what you may see.', 'empty')]));
}

function drawOpen(view) {
  fill('open', view.picture.openOrders.map((order) => row([
    [orderButton(order.order)], [`${order.side} ${order.quantity} ${order.instrument} at ${price(order.price)}`],
    [order.state], [order.filled, 'n']])), 'No order is open.');
  fill('positions', view.picture.positions.map((one) => row([
    [one.instrument], [one.quantity, 'n'], [money(one.cost), 'n'],
    [money(one.unrealized), `n ${sign(one.unrealized)}`]])), 'No position is held.');
}

function drawScores(view) {
  const scores = view.scores;
  const head = $('kpis').tHead.rows[0];
  head.replaceChildren(make('th', 'figure'), ...scores.map((one) => make('th', `${one.strategy} (${one.agent})`, 'n')));
  [...head.cells].forEach((cell) => { cell.scope = 'col'; });
  const figures = [
    ['orders requested', (one) => String(one.requested)], ['fills', (one) => String(one.fills)],
    ['expected edge of fills', (one) => money(one.expectedEdge)],
    ['edge of what was refused', (one) => money(one.missedEdge)],
    ['fees', (one) => money(one.fees)],
    ['slippage', (one) => `${one.slippageBasisPoints.toFixed(1)} bp`],
    ['gain after 5, 30, 300 s', (one) => one.markouts.map((gain) => (gain === null || gain === undefined ? '–' : gain.toFixed(4))).join(' ')],
    ['passive fill ratio', (one) => percent(one.passiveFillRatio)],
    ['rejected', (one) => percent(one.rejectionRate)],
    ['breaches prevented', (one) => String(one.breachesPrevented)],
    ['declined, expired, in doubt', (one) => String(one.unanswered)],
    ['old quotes', (one) => String(one.staleQuotes)]];
  fill('kpis', scores.length ? figures.map(([name, pick]) => row(
    [[name], ...scores.map((one) => [pick(one), 'n'])])) : [], 'No strategy has asked for an order yet.');
}

function drawProcesses(view) {
  fill('processes', view.processes.map((one) => row([
    [one.process], [one.isHalted ? 'halted' : `${one.state} ${one.arming}`, one.isReady && !one.isHalted ? '' : 'bad'],
    [String(one.restarts), `n ${one.restarts ? 'warn' : ''}`], [clock(one.marketTime), 't'],
    [one.counters.decision_p50_ns ? `${span(one.counters.decision_p50_ns)} / ${span(one.counters.decision_p99_ns)}` : '–']])),
  'Processes are the firm’s.');
  const lag = view.progress.lag;
  $('lag').textContent = `Traces are at journal entry ${view.progress.entry}`
    + (lag ? `, ${lag} behind.` : ', up to date.') + (view.progress.problem ? ` ${view.progress.problem}` : '');
  $('lag').className = lag > 2000 || view.progress.problem ? 'warn' : 'soft';
}

function drawNotes(view) {
  $('notes').replaceChildren(...view.notes.map((note) => {
    const line = make('li');
    const time = make('time', clock(note.at));
    time.dateTime = note.at;
    line.append(time, make('span', note.text, note.kind === 'alarm' ? 'warn' : ''));
    return line;
  }));
  if (!view.notes.length) $('notes').append(make('li', 'Nothing.', 'empty'));
}

function drawFeed(changed) {
  const orders = [...state.orders.values()].sort((a, b) => b.order - a.order).slice(0, FEED_MAX);
  state.orders = new Map(orders.map((one) => [one.order, one]));
  const isNew = new Set(state.hasFeed ? changed.map((one) => one.order) : []);
  state.hasFeed = true;
  fill('feed', orders.map((one) => {
    const bad = ['rejected', 'declined', 'refusedByGateway', 'unknown'].includes(one.state);
    const line = row([
      [orderButton(one.order)], [clock(one.at), 't'], [one.strategy],
      [`${one.side} ${one.quantity} ${brief(one.title || one.instrument)} at ${price(one.price)}`],
      [one.state, one.state === 'filled' ? 'good' : bad ? 'bad' : ''], [one.reason],
      [money(one.expectedEdge), 'n'], [Number(one.filled) ? one.filled : '', 'n']]);
    if (isNew.has(one.order)) line.className = 'new';
    return line;
  }), 'No order yet.');
}

// MARK: The curve

function svg(tag, attributes, text) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  if (text !== undefined) node.textContent = text;
  return node;
}

function drawEquity(points) {
  const byTime = new Map();
  points.forEach((point) => byTime.set(point.at, (byTime.get(point.at) || 0) + Number(point.profit)));
  const curve = [...byTime.entries()];
  if (curve.length < 2) {
    $('equity').replaceChildren(make('p', 'The curve begins after two minutes of market time.', 'empty'));
    return;
  }
  const [width, height, left, bottom] = [640, 240, 56, 22];
  let peak = -Infinity;
  let worst = 0;
  const peaks = curve.map(([, value]) => { peak = Math.max(peak, value); worst = Math.max(worst, peak - value); return peak; });
  const values = curve.map(([, value]) => value);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...peaks, low + 0.01);
  const x = (index) => left + (index * (width - left - 8)) / (curve.length - 1);
  const y = (value) => 8 + ((high - value) * (height - bottom - 16)) / (high - low);
  const line = (list) => list.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img' });
  const now = values[values.length - 1];
  picture.append(svg('title', {}, `Profit after fees: now ${money(now)}, worst drawdown ${money(worst)}`));
  [low, 0, high].filter((value, index, all) => all.indexOf(value) === index).forEach((value) => {
    picture.append(svg('line', { x1: left, x2: width - 8, y1: y(value), y2: y(value), class: 'axis' }));
    picture.append(svg('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, money(value)));
  });
  const below = line(values).reverse();
  picture.append(svg('polygon', { points: [...line(peaks), ...below].join(' '), class: 'down' }));
  picture.append(svg('polyline', { points: line(values).join(' '), class: 'curve' }));
  picture.append(svg('text', { x: left, y: height - 4 }, clock(curve[0][0])));
  picture.append(svg('text', { x: width - 8, y: height - 4, 'text-anchor': 'end' }, clock(curve[curve.length - 1][0])));
  $('equity').replaceChildren(picture, make('p', `now ${money(now)} · worst drawdown ${money(worst)} (shaded)`, 'soft'));
}

// MARK: Talking to the API

function headers(more) { return { Authorization: `Bearer ${state.token}`, ...more }; }

async function problemOf(answer) {
  try { return (await answer.json()).detail || `status ${answer.status}`; } catch { return `status ${answer.status}`; }
}

async function loadEquity() {
  if (!state.token) return;
  try {
    const answer = await fetch('/v1/equity', { headers: headers() });
    if (answer.ok) drawEquity(await answer.json());
  } catch { /* The stream says when the connection is gone. */ }
}

function take(name, data) {
  const value = JSON.parse(data);
  if (name === 'overview') {
    state.overview = value;
    [drawBanner, drawNight, drawAlerts, drawMarkets, drawProfit, drawLimits, drawOpen, drawScores, drawProcesses, drawNotes]
      .forEach((draw) => draw(value));
  } else if (name === 'orders') {
    value.forEach((order) => state.orders.set(order.order, order));
    drawFeed(value);
  }
}

async function follow() {
  state.run += 1;
  const run = state.run;
  let wait = 500;
  while (run === state.run) {
    try {
      const answer = await fetch('/v1/stream', { headers: headers({ Accept: 'text/event-stream' }) });
      if (answer.status === 401 || answer.status === 403) {
        signIn(await problemOf(answer));
        return;
      }
      if (!answer.ok) throw new Error(await problemOf(answer));
      wait = 500;
      await readEvents(answer.body.getReader(), run);
    } catch { /* Said by `watch`. */ }
    state.isOpen = false;
    watch();
    await new Promise((done) => { setTimeout(done, wait); });
    wait = Math.min(wait * 2, 5000);
  }
}

async function readEvents(reader, run) {
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done || run !== state.run) return;
    state.heard = performance.now();
    state.isOpen = true;
    text += decoder.decode(value, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      if (field('event').length) take(field('event')[0], field('data').join('\n'));
    }
    watch();
  }
}

// Old numbers must never pass for new ones.
function watch() {
  const silent = state.heard ? Math.round((performance.now() - state.heard) / 1000) : 0;
  const isStale = !state.isOpen || silent > 4;
  const view = state.overview;
  const isUnheard = !isStale && view && view.processes.length && view.statusAgeMillis > 5000;
  $('freshness').textContent = isStale ? (view ? 'STALE' : 'not connected') : 'live';
  $('stale').hidden = !(isStale && view) && !isUnheard;
  $('stale').textContent = isUnheard
    ? `The supervisor has not heard of the processes for ${Math.round(view.statusAgeMillis / 1000)} s.`
    : `STALE: nothing heard for ${silent} s; what is below is old. Reconnecting.`;
  document.body.classList.toggle('is-stale', isStale);
}

async function explain(number) {
  const body = $('explain-body');
  body.replaceChildren(make('p', `Order ${number} …`));
  if (!$('explain').open) $('explain').showModal();
  try {
    const answer = await fetch(`/v1/orders/${number}/explain`, { headers: headers({ Accept: 'text/html' }) });
    if (!answer.ok) throw new Error(await problemOf(answer));
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    body.replaceChildren(...page.querySelector('article').childNodes);
  } catch (error) {
    body.replaceChildren(make('p', error.message, 'bad'));
  }
}

// MARK: Steering

function steer(action) {
  const word = action.toUpperCase();
  const mode = state.overview ? state.overview.facts.mode.toUpperCase() : '';
  $('steer-title').textContent = action === 'halt' ? `Halt everything (${mode})` : `Resume everything (${mode})`;
  $('steer-text').textContent = action === 'halt'
    ? 'Latches the core and every gateway, and cancels every open order. Trading stays off until it is resumed.'
    : 'Clears the halt that stands now. What one operator may not clear alone is refused.';
  $('steer-word').textContent = word;
  $('steer-go').textContent = action === 'halt' ? 'Halt' : 'Resume';
  $('steer-go').disabled = true;
  $('steer-go').dataset.action = action;
  $('steer-reason').value = '';
  $('steer-confirm').value = '';
  $('steer-result').textContent = '';
  $('steer').showModal();
  $('steer-reason').focus();
}

function checkSteer() {
  const isSure = $('steer-confirm').value === $('steer-word').textContent && $('steer-reason').value.trim() !== '';
  $('steer-go').disabled = !isSure;
}

async function sendSteer(event) {
  event.preventDefault();
  const { action } = $('steer-go').dataset;
  $('steer-go').disabled = true;
  const began = performance.now();
  $('steer-result').textContent = 'Sent …';
  try {
    const answer = await fetch(`/v1/${action}`, {
      method: 'POST', headers: headers({ 'Content-Type': 'application/json' }),
      body: JSON.stringify({ reason: $('steer-reason').value.trim() }) });
    const value = await answer.json();
    const took = Math.round(performance.now() - began);
    const said = Array.isArray(value)
      ? value.map((one) => `${one.process}: ${one.isAccepted ? 'done' : one.detail}${one.cancelled ? `, ${one.cancelled} orders to cancel` : ''}`).join('; ')
      : value.detail;
    $('steer-result').textContent = `${said} (${took} ms)`;
    $('steer-result').className = answer.ok ? 'good' : 'bad';
  } catch (error) {
    $('steer-result').textContent = `Not sent: ${error.message}. Use \`supervisor ${action}\` on the machine.`;
    $('steer-result').className = 'bad';
  }
}

// MARK: Start

function signIn(why) {
  if (why) $('sign-in-text').textContent = why;
  if (!$('sign-in').open) $('sign-in').showModal();
}

function open(token) {
  state.token = token;
  sessionStorage.setItem('token', token);
  follow();
  loadEquity();
}

$('halt').addEventListener('click', () => steer('halt'));
$('resume').addEventListener('click', () => steer('resume'));
$('steer-cancel').addEventListener('click', () => $('steer').close());
$('steer').querySelector('form').addEventListener('submit', sendSteer);
['steer-reason', 'steer-confirm'].forEach((id) => $(id).addEventListener('input', checkSteer));
$('explain-close').addEventListener('click', () => $('explain').close());
$('explain-print').addEventListener('click', () => window.print());
$('sign-in').querySelector('form').addEventListener('submit', () => open($('token').value.trim()));
setInterval(watch, 1000);
setInterval(loadEquity, 10000);

const given = location.hash.slice(1);
// The token leaves the address at once, so that it is not kept in the history.
if (given) history.replaceState(null, '', location.pathname);
const token = given || sessionStorage.getItem('token');
if (token) open(token); else signIn();

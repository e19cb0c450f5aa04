// Package page is the status page that the API door shows at GET /: one HTML document
// with its script and style inside, which speaks the API's WebSocket like any client.
//
//	page.html      what is on the page, and the symbols of the states
//	page.css       how it looks: light, dark, on a phone
//	js/dom.js      elements from text, numbers and times as people read them
//	js/link.js     the WebSocket: calls, subscriptions, sign-in, coming back by itself
//	js/model.js    processes, samples behind the plots, events
//	js/actions.js  what may be done to a process, and the question before
//	js/list.js     the table; only rows in sight are in the document
//	js/ansi.js     colours of a terminal as classes, no other control sequence
//	js/log.js      one log, live or paused, bounded
//	js/detail.js   one process in full
//	js/views.js    schedules, events, the manager and its container
//	js/main.js     which view, keys, colours, start
//
// There is no build: the parts are joined as they are when the page is first asked for.
//
// # Rules
//
// Text from the manager becomes text nodes and attributes that are no code, never HTML; the
// Content-Security-Policy forbids whatever parses HTML, inline handlers, and every
// source but the two hashes. The secret is the first message on the WebSocket, is never part
// of an address, and is kept in memory, or in the sessionStorage of the tab when
// the user asks for it. The page itself holds no data and needs no secret.
//
// # Bounds
//
//	processes   rows in sight and 8 above and below; two arrays of 150 samples each
//	log         5000 lines or 4 Mi characters, 1500 in the document
//	events      500
//	document    112 KiB, compressed 34 KiB
package page

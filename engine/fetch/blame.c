#include "fetch/blame.h"

#include <string.h>

#include "base/check.h"
#include "fetch/say.h"
#include "fetch/stir.h"
#include "fetch/tend.h"

static struct pen_wire_object object_of(
	const struct pen_client *client, const struct pen_piece *piece)
{
	struct pen_wire_object object = {
		.n = client->config.n,
		.form = (uint8_t)client->config.form,
		.kind = piece->kind,
		.block = piece->block,
		.part = piece->part,
		.piece = piece->piece,
	};
	memcpy(object.root, client->config.root, sizeof object.root);
	return object;
}

/* Can it be asked, now or when it is called again? */
static bool is_there(const struct pen_server *server)
{
	return server->state != PEN_SERVER_GONE || server->fault == PEN_SERVER_SPOILT;
}

/* Ask what is to be asked next, if it is its turn. */
static void ask_next(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	/* Mostly nothing waits, and this is looked at in each turn. */
	if (server->doubts.count == 0 || server->state == PEN_SERVER_GONE)
		return;
	const struct pen_doubt before = {.inquiry = server->inquiry, .piece = server->asked};
	struct pen_doubt next;
	bool open = before.inquiry.open;
	if ((open && !pen_doubt_is_part(&before)) || !pen_doubts_take(&server->doubts, open, &next))
		return;
	if (open)
		pen_doubts_put(&server->doubts, &before);
	server->inquiry = next.inquiry;
	server->asked = next.piece;
	server->counts = next.first || pen_doubt_is_part(&next);
	/* It answers only so often; but on the first others wait. */
	bool waits = !next.first && before.inquiry.due_ns > now_ns;
	server->inquiry.due_ns = waits ? before.inquiry.due_ns : now_ns;
	pen_stir_server(client, s);
}

void pen_blame_piece(struct pen_client *client, unsigned s, const struct pen_piece *piece,
	struct pen_bytes bytes, int64_t now_ns)
{
	PEN_CHECK(s < client->server_count);
	struct pen_server *server = &client->server[s];
	struct pen_doubt doubt = {.piece = *piece, .first = !server->held};
	server->bad++;
	if (!is_there(server))
		return;
	struct pen_wire_object object = object_of(client, piece);
	pen_inquiry_init(&doubt.inquiry, &object, bytes, now_ns);
	pen_doubts_put(&server->doubts, &doubt);
	server->held = true;
	/* Also where it waits: it has no room any more. */
	pen_stir_server(client, s);
	ask_next(client, s, now_ns);
}

/* Of all that came. */
static struct pen_sum sum_of(const struct pen_client_pieces *pieces)
{
	struct pen_sum sum = pieces->sum;
	for (uint32_t u = 0; !pieces->sum.blocks && u < pieces->count; u++)
		pen_sum_add(&sum, pieces->piece(pieces->context, u));
	return sum;
}

void pen_blame_part(struct pen_client *client, unsigned s, uint32_t part,
	const struct pen_client_pieces *pieces, int64_t now_ns)
{
	PEN_CHECK(s < client->server_count);
	PEN_CHECK(pieces->count > 0);
	struct pen_server *server = &client->server[s];
	const struct pen_piece first = {.kind = PEN_WIRE_KIND_PIECE, .part = part};
	if (pieces->count == 1) {
		pen_blame_piece(client, s, &first, pieces->piece(pieces->context, 0), now_ns);
		return;
	}
	if (!is_there(server))
		return;
	struct pen_sum sum = sum_of(pieces);
	struct pen_doubt doubt = {.piece = first};
	struct pen_wire_object object = object_of(client, &first);
	pen_inquiry_init_part(&doubt.inquiry, &object, sum.blocks, &sum.chain, now_ns);
	const struct pen_doubt asked = {.inquiry = server->inquiry, .piece = server->asked};
	if (asked.inquiry.open && pen_doubt_same(&asked, &doubt))
		return;
	pen_doubts_put(&server->doubts, &doubt);
	ask_next(client, s, now_ns);
}

void pen_blame_end(
	struct pen_client *client, unsigned s, enum pen_server_fault fault, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	PEN_CHECK(fault != PEN_SERVER_NO_FAULT);
	if (server->state == PEN_SERVER_GONE)
		return;
	struct pen_answer answer = {.bytes = 0};
	pen_visit_close(&server->visit,
		fault == PEN_SERVER_LIED ? PEN_WIRE_CLOSE_BANNED : PEN_WIRE_CLOSE_DONE, &answer);
	pen_say_answer(client, &answer, &server->path);
	server->fault = fault;
	server->inquiry.open = server->held = false;
	if (fault == PEN_SERVER_LIED)
		server->doubts.count = 0;
	pen_tend_lose(client, s, now_ns);
}

/* A verdict: nothing is known of the server, or it was the path: it may be asked again for what it
 * was refused. */
static void forgive(struct pen_client *client, unsigned s)
{
	const struct pen_piece *piece = &client->server[s].asked;
	struct pen_haul *haul = pen_hauls_find(
		&client->hauls, (enum pen_wire_kind)piece->kind, piece->part);
	if (haul)
		haul->cannot &= ~(UINT64_C(1) << s);
}

/* It did not say, perhaps since a burst of loss took all questions: later it is asked once more,
 * and may be given work until then. Who never says is left aside in the end. */
static void ask_again(struct pen_server *server)
{
	struct pen_doubt doubt = {.inquiry = server->inquiry, .piece = server->asked};
	if (!pen_inquiry_unheard(&server->inquiry))
		return;
	pen_inquiry_renew(&doubt.inquiry);
	pen_doubts_put(&server->doubts, &doubt);
}

static int64_t aside_for_ns(const struct pen_server *server)
{
	unsigned doublings = server->asides < PEN_BLAME_ASIDE_DOUBLINGS ? server->asides
									: PEN_BLAME_ASIDE_DOUBLINGS;
	return PEN_BLAME_ASIDE_NS << doublings;
}

static void judge(
	struct pen_client *client, unsigned s, enum pen_inquiry_verdict verdict, int64_t now_ns)
{
	if (verdict == PEN_INQUIRY_NONE)
		return;
	struct pen_server *server = &client->server[s];
	/* It may be given more, now that it is not asked any more. */
	pen_stir_server(client, s);
	pen_stir_places(client);
	/* Those that failed together are one event of a path. Who never answers is worth no more
	 * than one whose bytes are always changed. */
	bool counts = server->counts || verdict != PEN_INQUIRY_CHANGED;
	bool over = counts &&
		(pen_inquiry_count(&server->record, verdict, server->pieces) ||
			server->record.unknown >= PEN_INQUIRY_ASIDE_MAX);
	if (over) {
		pen_blame_end(client, s,
			verdict == PEN_INQUIRY_LIE ? PEN_SERVER_LIED : PEN_SERVER_SPOILT, now_ns);
		server->aside_ns = now_ns + aside_for_ns(server);
		server->aside_placed = client->counters.placed;
		return;
	}
	if (verdict == PEN_INQUIRY_UNKNOWN)
		ask_again(server);
	/* Who does not say what he holds of a part is asked for it less and less. */
	if (server->inquiry.left == 0)
		forgive(client, s);
	server->held &= !server->counts;
	ask_next(client, s, now_ns);
}

/* Does anything come from anybody, or will it? */
static bool goes_on(const struct pen_client *client, const struct pen_server *aside)
{
	bool others = false;
	for (unsigned i = 0; i < client->server_count && i < PEN_HAUL_PEERS; i++)
		others |= client->server[i].state != PEN_SERVER_GONE;
	return others && client->counters.placed != aside->aside_placed;
}

bool pen_blame_recalls(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	PEN_CHECK(server->state == PEN_SERVER_GONE);
	if (server->fault != PEN_SERVER_SPOILT || now_ns < server->aside_ns)
		return false;
	if (goes_on(client, server)) {
		server->aside_ns = now_ns + aside_for_ns(server);
		server->aside_placed = client->counters.placed;
		return false;
	}
	server->asides++;
	server->record = (struct pen_inquiry_record){0};
	return true;
}

void pen_blame_say(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	if (!server->inquiry.open)
		ask_next(client, s, now_ns);
	if (!server->inquiry.open || server->visit.state != PEN_VISIT_OPEN)
		return;
	struct pen_answer answer = {.bytes = 0};
	enum pen_inquiry_verdict verdict = pen_inquiry_poll(
		&server->inquiry, &server->visit.channel, now_ns, &answer);
	pen_say_answer(client, &answer, &server->path);
	judge(client, s, verdict, now_ns);
}

void pen_blame_heard(struct pen_client *client, unsigned s,
	const struct pen_wire_attested *attested, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	if (server->inquiry.open)
		judge(client, s, pen_inquiry_hear(&server->inquiry, attested), now_ns);
}

/*
 * blame: whose fault is it that bytes fail their proof? (wire/wire.h, BEFORE A BAN)
 *
 * Whoever sees a nonce can put bytes of his own into an honest server's piece, so a wrong piece
 * alone convicts nobody. The server that it came from is asked, under its tag, what it holds
 * (peer/inquiry.h); until it has answered it is given nothing new that somebody else could send,
 * and nothing at all after a second wrong piece. If it attests the very bytes that came, it lied:
 * it is told so, and gone for good. If it attests others, they were changed on the way: after three
 * of them, if many of its pieces are so, it is left aside, for
 * PEN_BLAME_ASIDE_NS and each time twice as long, and then called again if nothing came from
 * anybody else in that time: nobody is left, or has what is missing. If it does not answer, nothing
 * is known: it may send again, and is asked once more, since a burst of loss takes all tries; after
 * three times it is left aside too.
 *
 * A path that changes bytes must not hide a lie beside them: what fails while a question is open
 * waits for its turn (fetch/doubts.h), also while its server is left aside. Of pieces that fail
 * together only the first, which is asked about first, counts for how good the path is, and only
 * until that is answered nothing new is given.
 *
 * A part of several pieces from several servers that fails as a whole names nobody at all. In
 * nearcore's form the id of its bytes, which every server that offers it has said under its tag,
 * decides. If the bytes have that id, then what was offered is no proof of anything: all who
 * offered it lied. If they have another, some pieces are not what was offered: the part is fetched
 * once more, from one server alone, and when it is proved the first pieces are compared with it,
 * each wrong one is laid at its sender's door as above; who sent right ones is not even asked. That
 * holds only if the proved bytes have the id themselves: a compressed frame has bits that change
 * nothing of the part, and next to a file with one of them changed, by its sender or on the way, a
 * right piece would look wrong and its sender would attest it. So such a file is kept, and judges
 * nobody.
 * When nobody is left to compare with, those who sent it are asked again only after a while that
 * doubles each time (pen_haul_vain). A part that came whole from one server needs no comparison,
 * and often there is nothing to compare it with: he is asked at once what he holds of each of its
 * blocks. If that is what came, he lied; if it is not, it was the path, or somebody on it.
 * Meanwhile he goes on sending, as it takes a third of a second a block; a question about one piece
 * comes first, and then it goes on where it was.
 *
 * A lean part under one id has one head, but for stored lengths, and one sum for each raw frame: a
 * head that has not the id, or a frame that has not the sum, is a wrong piece. But the sums are
 * easily met by who wants to, so that when all fit and the part fails, the id decides nothing:
 * here too it is fetched once more, and compared by raw bytes.
 *
 * Rules of struct pen_client.
 */
#ifndef PEN_FETCH_BLAME_H
#define PEN_FETCH_BLAME_H

#include "fetch/client.h"

/* A path that changes bytes may be better in some seconds; it doubles up to ASIDE_DOUBLINGS. */
#define PEN_BLAME_ASIDE_NS INT64_C(2000000000)
#define PEN_BLAME_ASIDE_DOUBLINGS 5u

/* A piece of this server is wrong; `bytes` is what came (borrowed). Hashes them. */
void pen_blame_piece(struct pen_client *client, unsigned server, const struct pen_piece *piece,
	struct pen_bytes bytes, int64_t now_ns);

/* A part that came from this server alone fails its proof; these are its pieces (borrowed), which
 * are hashed here if nobody has done so (fetch/sum.h). */
void pen_blame_part(struct pen_client *client, unsigned server, uint32_t part,
	const struct pen_client_pieces *pieces, int64_t now_ns);

/* Is it asked about a piece, so that it is given nothing new that another could send? */
static inline bool pen_blame_holds(const struct pen_server *server)
{
	return server->held;
}

/* Is it asked about anything, or to be asked when it is called again? */
static inline bool pen_blame_asks(const struct pen_server *server)
{
	if (server->state == PEN_SERVER_GONE && server->fault != PEN_SERVER_SPOILT)
		return false;
	return server->inquiry.open || server->doubts.count > 0;
}

/* Ask what is due. */
void pen_blame_say(struct pen_client *client, unsigned server, int64_t now_ns);

/* ATTESTED came from a server, decoded. */
void pen_blame_heard(struct pen_client *client, unsigned server,
	const struct pen_wire_attested *attested, int64_t now_ns);

/* May this server, which was left aside, be called again: is it time, and does nothing come without
 * it? If something does, it is looked at again later. Called in vain, or gone once more, it has
 * PEN_BLAME_ASIDE_NS of pause. */
bool pen_blame_recalls(struct pen_client *client, unsigned server, int64_t now_ns);

/* A server is convicted, or good for nothing: it is told, and gone. */
void pen_blame_end(
	struct pen_client *client, unsigned server, enum pen_server_fault fault, int64_t now_ns);

#endif

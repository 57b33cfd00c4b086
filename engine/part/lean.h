/*
 * lean: the lean form of a state part, version 1, to the byte; and the head of such a part.
 *
 * A part in nearcore's form carries every trie node, and most of their bytes are hashes that do
 * not compress. But the nodes of a trie are a function of its pairs. So a lean part carries the
 * pairs alone, and of the trie only what reaches beyond the part; whoever receives it rebuilds the
 * rest and compares (part/rebuild.h). Nothing in it needs trust but the state root.
 *
 *   part = head | stored frame 0 | stored frame 1 | ...     nothing behind the last
 *
 * All integers are little endian; "varint" is LEB128 (7 bits a byte, low ones first, the high bit
 * says that another byte follows) in as few bytes as the number needs.
 *
 * HEAD
 *    0   7 B  "PENLEAN"
 *    7   u8   version: 1
 *    8   u32  bytes of the head, its checksum included; at most PEN_LEAN_HEAD_BYTES_MAX
 *   12   u32  k, the part's number
 *   16   u32  n, the number of parts; k < n
 *   20   u32  pairs
 *   24   u32  proof nodes
 *   28   u32  bytes of the proof nodes with their lengths
 *   32   u32  frames
 *   36   u32  bytes of the end key; 2^32 - 1: there is none, the part goes on to the last key
 *   40   u64  memory_usage of the root node
 *   48   u64  raw bytes of all frames
 *   56   u64  scratch: bytes of all inline values of PEN_LEAN_NAMED_BYTES_MIN and more, that is of
 *             those which a later pair may name
 *   64  32 B  state root
 *   96        end key: boundary(k + 1), the first key behind the part
 *             proof nodes: u16 length, node (part/node.h), for each
 *             frame table: for each frame u32 raw bytes, u32 stored bytes, u32 pairs,
 *             u64 XXH3-64 (seed 0) of its raw bytes
 *             u64 XXH3-64 (seed 0) of the head up to here
 *
 * Which pairs. Let B be boundary(k) and E be boundary(k + 1) (part/trie.h), as nibbles; without B
 * the part begins at the nibbles 1, 0, as nearcore's does (then n is larger than memory_usage).
 * The part has every pair with B <= key < E, in order.
 *
 * Which nodes. A path node is one whose path is a prefix of B or of E, or equal to one of them.
 * The proof nodes are, each once, in the order in which they are first read: what the search for
 * boundary(k) reads; then the path nodes, depth first, children ascending, parents first
 * (part/frontier.h). All other nodes of the part lie below path nodes and hold keys of the part
 * only: they are rebuilt. The empty state has no nodes, no pairs and no frames.
 *
 * FRAME. Raw, it is three columns, each of one kind of bytes, so that a compressor finds like
 * beside like; every pair adds to each of them, in order:
 *
 *   u32     bytes of the column of numbers
 *   u32     bytes of the column of keys
 *   numbers varint  bytes that the key shares with the key before it in this frame (0: the first):
 *                   as many as it does share
 *           varint  bytes of the rest of the key
 *           varint  2 x length of the value, which is inline; or 2 x i + 1: the value is that of
 *                   pair i, counted from 0 in the part
 *   keys    the rest of the key
 *   values  the value, if it is inline
 *
 * A value of PEN_LEAN_NAMED_BYTES_MIN bytes and more is inline in the first pair that has it and
 * named in all others, by the number of that first pair. Shorter values are always inline.
 *
 * The cut. A pair whose inline value has PEN_LEAN_CUT_BYTES and more closes the open frame and is
 * a frame alone. Any other is appended to the open frame, which closes once its raw bytes, all
 * three columns and their lengths, are PEN_LEAN_CUT_BYTES or more. So raw frames follow from the
 * pairs, and all who make a part make the same: its frames may come from different peers, each
 * checked by its XXH3. Whoever decodes refuses any other cut. XXH3 finds accidents; liars are found
 * by the proof.
 *
 * Stored, a frame is one zstd frame (RFC 8878) of its raw bytes, no dictionary. A maker does well
 * to end a zstd block where a column ends: literals of one kind share their Huffman table (4 %
 * fewer bytes in all). Stored bytes are not canonical: never hash or compare them.
 *
 * Limits are checked before memory is taken: keys, values and raw bytes as in part/id.h, pairs at
 * most memory_usage / 100 (a leaf and the branch of a value cost that much), a frame at most
 * PEN_LEAN_FRAME_RAW_MAX. A part beyond a limit has no lean form.
 */
#ifndef PEN_PART_LEAN_H
#define PEN_PART_LEAN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "part/id.h"

#define PEN_LEAN_MAGIC "PENLEAN"
#define PEN_LEAN_MAGIC_BYTES 7
#define PEN_LEAN_VERSION 1
/* The head up to the end key. */
#define PEN_LEAN_FIXED_BYTES 96
/* It travels as one small object. On a million keys of the mainnet profile it has 6 kB, 5 of them
 * proof nodes. */
#define PEN_LEAN_HEAD_BYTES_MAX ((size_t)1 << 20)
/* A row of the frame table. */
#define PEN_LEAN_ROW_BYTES 20
/* Where a frame closes: 192 KiB, what a compressor has use for and one peer sends in one go. */
#define PEN_LEAN_CUT_BYTES 196608u
/* From this length on a value that occurred before is named: a name costs less than 6 bytes. */
#define PEN_LEAN_NAMED_BYTES_MIN 64u
/* memory_usage of a pair at the least: nearcore's cost of two nodes. */
#define PEN_LEAN_PAIR_MEMORY_MIN 100u
/* The lengths of a raw frame's columns. */
#define PEN_LEAN_COLUMNS_BYTES 8
/* A record beside its key and value at the most, and at the least. */
#define PEN_LEAN_RECORD_BYTES_MAX (2 + 2 + 5)
#define PEN_LEAN_RECORD_BYTES_MIN 3
/* A frame of several pairs at the most: short of the cut, and one more. */
#define PEN_LEAN_FRAME_OPEN_MAX \
	(2 * PEN_LEAN_CUT_BYTES + PEN_KEY_BYTES_MAX + PEN_LEAN_RECORD_BYTES_MAX)
/* A frame at the most: a longest value alone. */
#define PEN_LEAN_FRAME_RAW_MAX \
	(PEN_LEAN_COLUMNS_BYTES + PEN_VALUE_BYTES_MAX + PEN_KEY_BYTES_MAX + \
		PEN_LEAN_RECORD_BYTES_MAX)
/* Levels of zstd that frames are sealed at. */
#define PEN_LEAN_LEVEL_MIN (-5)
#define PEN_LEAN_LEVEL_MAX 19

/* A row of the frame table. */
struct pen_lean_row {
	uint32_t raw_bytes; /* 11..PEN_LEAN_FRAME_RAW_MAX */
	uint32_t stored_bytes; /* 1..what zstd needs at most for them */
	uint32_t pairs; /* 1.. */
	uint64_t sum; /* XXH3-64 of the raw bytes */
};

/* The head, decoded: borrows the bytes it came from. */
struct pen_lean_head {
	struct pen_part_id id;
	uint64_t memory_usage; /* of the root; 0 for the empty state */
	uint32_t bytes; /* of the head */
	uint32_t pairs, proof_nodes, frames; /* how many */
	uint64_t raw_bytes; /* of all frames, at most PEN_PART_BYTES_MAX */
	uint64_t stored_bytes; /* of all frames: head and they are the part */
	uint64_t scratch_bytes; /* of values that may be named; at most raw_bytes */
	bool endless; /* no end key */
	struct pen_bytes end; /* key */
	struct pen_bytes proof; /* u16 length, node, for each */
	struct pen_bytes rows; /* the frame table */
};

/*
 * How long the head is, from the first bytes of a part (PEN_LEAN_FIXED_BYTES of them will do).
 * Bytes of the head, or PEN_EHEAD: not a lean part, another version, too long.
 */
int64_t pen_lean_head_bytes(struct pen_bytes bytes, struct pen_why *why);

/*
 * Read the head at the beginning of `bytes` (more may follow) and check it against every limit and
 * against itself; nothing is allocated. 0, or PEN_EHEAD with a sentence.
 */
int pen_lean_decode(struct pen_bytes bytes, struct pen_lean_head *out, struct pen_why *why);

/*
 * Append the head to `out`, from all fields but `bytes` and `stored_bytes`, which are set. 0;
 * -ENOMEM; PEN_EREFUSED if it would be longer than PEN_LEAN_HEAD_BYTES_MAX: no lean form.
 */
int pen_lean_encode(struct pen_lean_head *head, struct pen_buf *out, struct pen_why *why);

/* Row i of the frame table. */
struct pen_lean_row pen_lean_row(const struct pen_lean_head *head, uint32_t i);

/* Write a row as it stands in the table. */
void pen_lean_row_encode(const struct pen_lean_row *row, uint8_t out[PEN_LEAN_ROW_BYTES]);

/* The next proof node, cut off the front of *left (begin with head->proof). Empty: no more. */
struct pen_bytes pen_lean_node(struct pen_bytes *left);

/*
 * The name of a part whoever made it: SHA-256 of its head (`bytes`, decoded before) with every
 * `stored bytes` and the checksum zero. Heads of one name have the same raw frames. `scratch` takes
 * a copy. 0 or -ENOMEM.
 */
int pen_lean_name(const struct pen_lean_head *head, struct pen_bytes bytes, struct pen_buf *scratch,
	struct pen_hash *out);

#endif

/*
 * err: what went wrong, as a code for the program and a sentence for the person.
 *
 * Functions that can fail return 0 (or a count) or a negative code: -errno where the system said
 * no, one of enum pen_err where we did. Where a sentence helps, they also take a struct pen_why
 * that the caller owns and may leave NULL; it is written only on failure. A code belongs to one
 * class, and a class is one exit code of the command line.
 */
#ifndef PEN_BASE_ERR_H
#define PEN_BASE_ERR_H

/* Our own codes lie below every errno of Linux (4095 is the kernel's MAX_ERRNO). */
enum pen_err {
	PEN_EBUG = -4200, /* a promise of our own was broken */
	PEN_EUSAGE, /* flags that make no sense */
	PEN_EREFUSED, /* N out of range; the database holds another root or another N */
	PEN_ENOTFOUND, /* every source says that it has not got it */
	PEN_EMISSING, /* nearcore: MissingTrieValue */
	PEN_EUNEXPECTED, /* nearcore: UnexpectedTrieValue */
	PEN_EINCONSISTENT, /* nearcore: StorageInconsistentState */
	PEN_EINTERNAL, /* nearcore: StorageInternalError */
	PEN_EENVELOPE, /* a part whose envelope or PartialState cannot be decoded */
	PEN_EINPUT, /* an input file that is not what it should be */
	PEN_EVERIFY, /* a store or database that does not verify */
	PEN_ESTALL, /* no byte for too long */
	PEN_ENET, /* refused, reset, DNS, 5xx, body shorter than announced */
	PEN_EINTERRUPTED, /* SIGINT or SIGTERM, work kept */
	PEN_ELOCKED, /* another process holds it */
	PEN_ELATE, /* the epoch's end has passed */
	PEN_ELARGE, /* beyond an allowance of memory that is not the format's own limit */
	PEN_EHEAD, /* lean: BadHead, a head that cannot be decoded or does not say what is so */
	PEN_EFRAME, /* lean: BadFrame, one that cannot be decoded or is cut elsewhere */
	PEN_ESUBTREE, /* lean: WrongSubtree, its pairs do not have the hash that they must */
	PEN_EOUTSIDE, /* lean: PairOutsidePart */
	PEN_EUNVISITED, /* lean: PairNotVisited, one that the state has not got in this place */
	PEN_EEXTRA, /* lean: ExtraProofNode */
};

/* Exit codes of the command line by class. */
enum pen_exit {
	PEN_EXIT_OK = 0,
	PEN_EXIT_BUG = 1,
	PEN_EXIT_USAGE = 2,
	PEN_EXIT_NOTFOUND = 3,
	PEN_EXIT_PROOF = 4,
	PEN_EXIT_STALL = 5,
	PEN_EXIT_NET = 6,
	PEN_EXIT_INTERRUPTED = 7,
	PEN_EXIT_FULL = 8,
	PEN_EXIT_MACHINE = 9,
	PEN_EXIT_LATE = 10,
};

#define PEN_WHY_BYTES 768

/* The sentence that goes with a code. Zeroed is "nothing to say". */
struct pen_why {
	char text[PEN_WHY_BYTES];
};

/*
 * Write the printf-style sentence into `why` (which may be NULL) and return `code`, so that a
 * failure is one statement. Over-long sentences are cut. Any thread.
 */
int pen_fail(struct pen_why *why, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "prefix: " before the sentence already in `why`; returns `code`. NULL does nothing. */
int pen_fail_prefix(struct pen_why *why, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Keep the first failure of something that goes on for a while: *kept, zero before, and *said
 * become `code` and the sentence in `why`, or its phrase where that is NULL or says nothing. Later
 * ones are dropped.
 */
void pen_fail_first(int *kept, struct pen_why *said, int code, const struct pen_why *why);

/* A short phrase for any negative code: nearcore's own word where there is one, else strerror. */
const char *pen_err_text(int code);

/* The exit code of the class that `code` (0 or negative) belongs to. */
enum pen_exit pen_err_exit(int code);

#endif

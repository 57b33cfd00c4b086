#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int pen_fail(struct pen_why *why, int code, const char *format, ...)
{
	if (!why)
		return code;
	va_list args;
	va_start(args, format);
	vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	return code;
}

int pen_fail_prefix(struct pen_why *why, int code, const char *format, ...)
{
	if (!why)
		return code;
	struct pen_why inner = *why;
	va_list args;
	va_start(args, format);
	vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	size_t used = strnlen(why->text, sizeof why->text - 1);
	for (const char *at = ": "; *at && used < sizeof why->text - 1; at++)
		why->text[used++] = *at;
	size_t rest = strnlen(inner.text, sizeof why->text - 1 - used);
	memcpy(why->text + used, inner.text, rest);
	why->text[used + rest] = 0;
	return code;
}

void pen_fail_first(int *kept, struct pen_why *said, int code, const struct pen_why *why)
{
	if (*kept)
		return;
	*kept = code;
	if (why && *why->text)
		*said = *why;
	else
		pen_fail(said, code, "%s", pen_err_text(code));
}

const char *pen_err_text(int code)
{
	if (code > PEN_EBUG - 1 && code < -4095) {
		switch ((enum pen_err)code) {
		case PEN_EBUG: return "internal error";
		case PEN_EUSAGE: return "usage";
		case PEN_EREFUSED: return "refused";
		case PEN_ENOTFOUND: return "not found at any source";
		case PEN_EMISSING: return "MissingTrieValue";
		case PEN_EUNEXPECTED: return "UnexpectedTrieValue";
		case PEN_EINCONSISTENT: return "StorageInconsistentState";
		case PEN_EINTERNAL: return "StorageInternalError";
		case PEN_EENVELOPE: return "bad envelope";
		case PEN_EINPUT: return "bad input";
		case PEN_EVERIFY: return "does not verify";
		case PEN_ESTALL: return "stalled";
		case PEN_ENET: return "network failure";
		case PEN_EINTERRUPTED: return "interrupted";
		case PEN_ELOCKED: return "locked by another process";
		case PEN_ELATE: return "the epoch's end has passed";
		case PEN_ELARGE: return "larger than the memory allowed for it";
		case PEN_EHEAD: return "BadHead";
		case PEN_EFRAME: return "BadFrame";
		case PEN_ESUBTREE: return "WrongSubtree";
		case PEN_EOUTSIDE: return "PairOutsidePart";
		case PEN_EUNVISITED: return "PairNotVisited";
		case PEN_EEXTRA: return "ExtraProofNode";
		}
	}
	return strerror(-code);
}

enum pen_exit pen_err_exit(int code)
{
	switch (code) {
	case 0: return PEN_EXIT_OK;
	case PEN_EBUG: return PEN_EXIT_BUG;
	case PEN_EUSAGE:
	case PEN_EREFUSED: return PEN_EXIT_USAGE;
	case PEN_ENOTFOUND: return PEN_EXIT_NOTFOUND;
	case PEN_EMISSING:
	case PEN_EUNEXPECTED:
	case PEN_EINCONSISTENT:
	case PEN_EINTERNAL:
	case PEN_EENVELOPE:
	case PEN_EINPUT:
	case PEN_ELARGE:
	case PEN_EHEAD:
	case PEN_EFRAME:
	case PEN_ESUBTREE:
	case PEN_EOUTSIDE:
	case PEN_EUNVISITED:
	case PEN_EEXTRA:
	case PEN_EVERIFY: return PEN_EXIT_PROOF;
	case PEN_ESTALL: return PEN_EXIT_STALL;
	case PEN_ENET:
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EPIPE:
	case -EHOSTUNREACH:
	case -ENETUNREACH: return PEN_EXIT_NET;
	case PEN_EINTERRUPTED: return PEN_EXIT_INTERRUPTED;
	case -ENOSPC:
	case -EDQUOT: return PEN_EXIT_FULL;
	case PEN_ELATE: return PEN_EXIT_LATE;
	default: return PEN_EXIT_MACHINE;
	}
}

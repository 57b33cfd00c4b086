/*
 * streams: the three descriptors that a process is born with. What was printed counts as done only
 * when it is written, and a descriptor that came closed must not become a file of ours.
 */
#ifndef PEN_TOOLS_STREAMS_H
#define PEN_TOOLS_STREAMS_H

/*
 * Open /dev/null for each of the three that is closed: else the next file opened, a database's
 * perhaps, would take its number and what is printed. Call before anything is opened. When the
 * process exits, standard output is written out; if that fails a process that meant to exit 0 says
 * so and exits with the code of the error's class instead.
 */
void streams_open(void);

/* What the process is about to exit with: a failure of its own is not replaced. Returns `code`. */
int streams_code(int code);

#endif

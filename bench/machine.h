/* machine: what a reading was taken on, and with which build, as two members of a JSON object. */
#ifndef PEN_BENCH_MACHINE_H
#define PEN_BENCH_MACHINE_H

/* Print "machine":{...},"build":{...},"date":"..." to stdout. The commit is PEN_BENCH_COMMIT,
 * which bench/run sets. */
void bench_machine_print(void);

#endif

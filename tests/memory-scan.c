/*
 * memory-scan: where bytes are that should be nowhere.
 *
 *   memory-scan PATTERNS all|PID|FILE...
 *
 * Each line of the file PATTERNS is a name, a blank, and 8 to 64 bytes in
 * hexadecimal digits.  Of processes every page that is there is looked at, as
 * root sees it through /proc/PID/mem; a page that cannot be read, like one of
 * memfd_secret, is passed over.  `all' is every process but this one.  An
 * argument with a slash in it is a file.
 *
 * One line for each place: process (or file), pattern, address, mapping.
 * Exit status: 0 if nothing was found, 1 if something was, 2 for a mistake.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE		(1UL << 20)	/* bytes read at once */
#define PAGES		4096		/* entries of a pagemap read at once */
#define SHADOW		(1UL << 36)	/* bytes: so large is a sanitizer's table */
#define SHORTEST	8
#define LONGEST		64
#define PATTERNS_MAX	4096
#define IN_MEMORY	(3UL << 62)	/* of a pagemap entry: present, or swapped */

struct pattern {
	char name[40];
	uint8_t bytes[LONGEST];
	size_t len;
};

static struct {
	struct pattern pattern[PATTERNS_MAX];
	int count;
	uint8_t begins[1 << 16];	/* with these two bytes some pattern does */
	long page;
	long found;
	uint8_t bytes[LONGEST + PIECE];
} the;

/* What is looked through. */
struct place {
	const char *whose;	/* the process or the file */
	const char *what;	/* the line of the mapping, or "" */
};

static unsigned first_two(const uint8_t *at)
{
	return at[0] | (unsigned)at[1] << 8;
}

static void read_patterns(const char *path)
{
	char name[40], hex[2 * LONGEST + 1], digits[3] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		err(2, "%s", path);
	while (fscanf(file, "%39s %128s", name, hex) == 2) {
		struct pattern *pattern = &the.pattern[the.count];
		size_t i;

		pattern->len = strlen(hex) / 2;
		if (the.count == PATTERNS_MAX - 1 || pattern->len < SHORTEST)
			errx(2, "%s: too many patterns, or one too short", path);
		snprintf(pattern->name, sizeof(pattern->name), "%s", name);
		for (i = 0; i < pattern->len; i++) {
			memcpy(digits, hex + 2 * i, 2);
			pattern->bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
		}
		the.begins[first_two(pattern->bytes)] = 1;
		the.count++;
	}
	fclose(file);
	if (the.count == 0)
		errx(2, "%s: no patterns", path);
}

static void compare(const struct place *place, const uint8_t *at, size_t left,
		    unsigned long address)
{
	int i;

	for (i = 0; i < the.count; i++) {
		const struct pattern *pattern = &the.pattern[i];

		if (pattern->len > left || memcmp(at, pattern->bytes, pattern->len))
			continue;
		printf("%s %s %lx %s\n", place->whose, pattern->name, address,
		       place->what);
		the.found++;
	}
}

/* What begins in the first `starts' bytes. */
static void search(const struct place *place, size_t len, size_t starts,
		   unsigned long address)
{
	size_t i;

	for (i = 0; i < starts && i + SHORTEST <= len; i++)
		if (the.begins[first_two(the.bytes + i)])
			compare(place, the.bytes + i, len - i, address + i);
}

/* Pieces overlap, so that nothing is missed between two. */
static void read_range(const struct place *place, int fd, unsigned long from,
		       unsigned long to)
{
	while (from < to) {
		size_t want = to - from < PIECE + LONGEST ? to - from : PIECE + LONGEST;
		ssize_t got = pread(fd, the.bytes, want, (off_t)from);
		bool last = got < (ssize_t)(PIECE + LONGEST);

		if (got <= 0) {
			from = (from / (unsigned long)the.page + 1) * (unsigned long)the.page;
			continue;
		}
		search(place, (size_t)got, last ? (size_t)got : PIECE, from);
		from += last ? (size_t)got : PIECE;
	}
}

/* Of the mapping, the runs of pages that are there. */
static void read_mapping(const struct place *place, int memory, int pagemap,
			 unsigned long from, unsigned long to)
{
	static uint64_t entries[PAGES];
	unsigned long page = (unsigned long)the.page, run = from;

	while (from < to) {
		size_t want = (to - from) / page, i;
		ssize_t got;

		if (want > PAGES)
			want = PAGES;
		got = pread(pagemap, entries, want * sizeof(entries[0]),
			    (off_t)(from / page * sizeof(entries[0])));
		if (got <= 0)
			break;
		for (i = 0; i < (size_t)got / sizeof(entries[0]); i++, from += page) {
			if (entries[i] & IN_MEMORY)
				continue;
			read_range(place, memory, run, from);
			run = from + page;
		}
	}
	read_range(place, memory, run, from);
}

static int open_of(const char *pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* One that has ended meanwhile has nothing any more. */
static void read_process(const char *pid)
{
	static char line[8192];
	unsigned long from, to;
	int memory = open_of(pid, "mem"), pagemap = open_of(pid, "pagemap");
	int maps = open_of(pid, "maps");
	FILE *lines = maps < 0 ? NULL : fdopen(maps, "r");

	while (lines && memory >= 0 && pagemap >= 0 &&
	       fgets(line, sizeof(line), lines)) {
		struct place place = { pid, line };

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 &&
		    to - from < SHADOW)
			read_mapping(&place, memory, pagemap, from, to);
	}
	if (lines)
		fclose(lines);
	close(memory);
	close(pagemap);
}

static void read_all(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		err(2, "/proc");
	while ((entry = readdir(proc)))
		if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0' &&
		    strtol(entry->d_name, NULL, 10) != getpid())
			read_process(entry->d_name);
	closedir(proc);
}

static void read_file(const char *path)
{
	struct place place = { path, "" };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return;		/* it is gone */
	if (fd < 0 || fstat(fd, &st))
		err(2, "%s", path);
	read_range(&place, fd, 0, (unsigned long)st.st_size);
	close(fd);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 3)
		errx(2, "usage: memory-scan PATTERNS all|PID|FILE...");
	the.page = sysconf(_SC_PAGESIZE);
	read_patterns(argv[1]);
	for (i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "all"))
			read_all();
		else if (strchr(argv[i], '/'))
			read_file(argv[i]);
		else
			read_process(argv[i]);
	}
	return the.found > 0;
}

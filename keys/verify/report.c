/* What was checked, and the verdict; see report.h. */
#include "report.h"

#include <stdarg.h>
#include <string.h>

#include "fcgi/json.h"

#define SENTENCE_MAX	640		/* bytes with the NUL */
#define REPORT_MAX	(1024 * 1024)	/* bytes of each form */

static const char *const verdicts[] = {
	[REPORT_VERIFIED] = "verified",
	[REPORT_UNPINNED] = "unpinned",
	[REPORT_FAILED] = "failed",
};

void report_init(struct report *report)
{
	memset(report, 0, sizeof(*report));
	report->lines.max = REPORT_MAX;
	report->checks.max = REPORT_MAX;
	report->facts.max = REPORT_MAX;
}

static void add(struct report *report, struct buf *buf, const char *string)
{
	if (buf_puts(buf, string))
		report->broken = true;
}

static void add_string(struct report *report, struct buf *buf, const char *string)
{
	if (json_put_string(buf, (struct text){ string, strlen(string) }))
		report->broken = true;
}

static void add_check(struct report *report, const char *result,
		      const char *about, const char *sentence)
{
	add(report, &report->lines, result);
	add(report, &report->lines, "  ");
	add(report, &report->lines, about);
	add(report, &report->lines, ": ");
	add(report, &report->lines, sentence);
	add(report, &report->lines, "\n");

	add(report, &report->checks, report->checks.len ? ",\n  {\"result\":" :
							  "\n  {\"result\":");
	add_string(report, &report->checks, result);
	add(report, &report->checks, ",\"about\":");
	add_string(report, &report->checks, about);
	add(report, &report->checks, ",\"text\":");
	add_string(report, &report->checks, sentence);
	add(report, &report->checks, "}");
}

static void make_printable(char *string)
{
	for (; *string; string++)
		if (*string < ' ' || *string > '~')
			*string = '?';
}

__attribute__((format(printf, 4, 0)))
static void check(struct report *report, const char *result, const char *about,
		  const char *format, va_list args)
{
	char sentence[SENTENCE_MAX];

	vsnprintf(sentence, sizeof(sentence), format, args);
	make_printable(sentence);
	add_check(report, result, about, sentence);
}

void report_pass(struct report *report, const char *about, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	check(report, "PASS", about, format, args);
	va_end(args);
	report->passed++;
}

void report_fail(struct report *report, const char *about, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	check(report, "FAIL", about, format, args);
	va_end(args);
	report->failed++;
}

void report_skip(struct report *report, const char *about, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	check(report, "SKIP", about, format, args);
	va_end(args);
	report->skipped++;
}

void report_fact(struct report *report, const char *name, const char *value)
{
	char printable[SENTENCE_MAX];

	snprintf(printable, sizeof(printable), "%s", value);
	make_printable(printable);
	add(report, &report->facts, ",\n ");
	add_string(report, &report->facts, name);
	add(report, &report->facts, ":");
	add_string(report, &report->facts, printable);
}

enum report_verdict report_verdict(const struct report *report)
{
	if (report->failed || report->broken || !report->passed)
		return REPORT_FAILED;
	return report->unpinned ? REPORT_UNPINNED : REPORT_VERIFIED;
}

static void print_buf(const struct buf *buf, FILE *to)
{
	if (buf->len > 0)
		fwrite(buf->data, 1, buf->len, to);
}

void report_print_text(const struct report *report, FILE *to)
{
	enum report_verdict verdict = report_verdict(report);

	print_buf(&report->lines, to);
	if (verdict == REPORT_VERIFIED)
		fprintf(to, "VERIFIED: %u checks passed\n", report->passed);
	else if (verdict == REPORT_UNPINNED)
		fprintf(to, "UNPINNED: %u checks passed, but which code signed is not pinned (%s)\n",
			report->passed, report->allow_unpinned ?
			"allowed by --allow-unpinned" : "--image-id or --pcr would");
	else if (report->broken)
		fputs("FAILED: out of memory\n", to);
	else
		fprintf(to, "FAILED: %u of %u checks\n", report->failed,
			report->passed + report->failed);
}

void report_print_json(const struct report *report, FILE *to)
{
	fprintf(to, "{\"verdict\":\"%s\",\n \"checks\":[",
		verdicts[report_verdict(report)]);
	print_buf(&report->checks, to);
	fputs("]", to);
	print_buf(&report->facts, to);
	fputs("}\n", to);
}

void report_clear(struct report *report)
{
	buf_clear(&report->lines);
	buf_clear(&report->checks);
	buf_clear(&report->facts);
}

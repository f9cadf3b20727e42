/* The peer that dnstide is measured against: libmtbl, one thread, readers kept open.
 *
 * It reads commands, one a line, on standard input and answers each with one line: nanoseconds, then results.
 *
 *   open PATH...          open these tables (checksums off, which is how libmtbl and dnstable ship)
 *   close                 close them all
 *   volume HEX            rows under one key prefix in every open table, their counts added up by day
 *   batch FILE            the same for every prefix in FILE, one in hex a line
 *   scan INDEX            step through every entry of one open table
 *   inflate PATH          decompress every data block of one zlib table with libdeflate, and do nothing else
 *
 * `volume` and `batch` answer: NANOSECONDS ROWS DAYS CHECK, where CHECK is the sum over (prefix, day) of
 * (prefix number + 1) * (day + 1) * count, modulo 2^64: equal answers give equal checks.
 */
#include <inttypes.h>
#include <libdeflate.h>
#include <mtbl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS 40000 /* to the year 2079 */

static struct mtbl_reader **readers;
static size_t count_readers;

static uint64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void close_all(void) {
	for (size_t i = 0; i < count_readers; i++)
		mtbl_reader_destroy(&readers[i]);
	free(readers);
	readers = NULL;
	count_readers = 0;
}

static uint64_t counts[DAYS];

/* Adds the counts under `prefix` to `counts` by the day of time_first; returns the rows met. */
static uint64_t volume(const uint8_t *prefix, size_t len) {
	uint64_t rows = 0;
	for (size_t i = 0; i < count_readers; i++) {
		struct mtbl_iter *it = mtbl_source_get_prefix(mtbl_reader_source(readers[i]), prefix, len);
		const uint8_t *k, *v;
		size_t kn, vn;
		while (it && mtbl_iter_next(it, &k, &kn, &v, &vn) == mtbl_res_success) {
			uint64_t first, last, count;
			size_t n = mtbl_varint_decode64(v, &first);
			n += mtbl_varint_decode64(v + n, &last);
			mtbl_varint_decode64(v + n, &count);
			if (first / 86400 < DAYS)
				counts[first / 86400] += count ? count : 1;
			rows++;
		}
		if (it)
			mtbl_iter_destroy(&it);
	}
	return rows;
}

static size_t unhex(const char *text, uint8_t *out, size_t max) {
	size_t n = 0;
	unsigned byte;
	while (n < max && sscanf(text + 2 * n, "%2x", &byte) == 1)
		out[n++] = (uint8_t)byte;
	return n;
}

static void fold(uint64_t number, uint64_t *days, uint64_t *check) {
	for (size_t d = 0; d < DAYS; d++)
		if (counts[d]) {
			++*days;
			*check += (number + 1) * (d + 1) * counts[d];
		}
}

/* Decompresses every data block of a zlib table of version 2; the file is in memory before the clock starts. */
static uint64_t inflate_all(const char *path, uint64_t *bytes) {
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	size_t size = (size_t)ftell(f), room = 1 << 24;
	uint8_t *file = malloc(size), *out = malloc(room);
	rewind(f);
	if (!file || !out || fread(file, 1, size, f) != size) {
		perror(path);
		exit(1);
	}
	fclose(f);
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	const uint64_t end = mtbl_fixed_decode64(file + size - 512);
	uint64_t begun = now();
	for (uint64_t at = 0; at < end;) {
		uint64_t length;
		size_t got;
		at += mtbl_varint_decode64(file + at, &length) + 4;
		if (libdeflate_zlib_decompress(d, file + at, length, out, room, &got) != LIBDEFLATE_SUCCESS) {
			fprintf(stderr, "%s: a block does not decompress\n", path);
			exit(1);
		}
		*bytes += got;
		at += length;
	}
	uint64_t spent = now() - begun;
	libdeflate_free_decompressor(d);
	free(out);
	free(file);
	return spent;
}

int main(void) {
	char *line = NULL;
	size_t size = 0;
	ssize_t got;
	while ((got = getline(&line, &size, stdin)) > 0) {
		line[strcspn(line, "\n")] = 0;
		char *rest = strchr(line, ' ');
		if (rest)
			*rest++ = 0;
		uint8_t prefix[512];
		uint64_t rows = 0, days = 0, check = 0, begun = now(), spent;
		if (!strcmp(line, "open") && rest) {
			for (char *path = strtok(rest, " "); path; path = strtok(NULL, " ")) {
				readers = realloc(readers, (count_readers + 1) * sizeof *readers);
				if (!readers || !(readers[count_readers] = mtbl_reader_init(path, NULL))) {
					fprintf(stderr, "cannot open %s\n", path);
					return 1;
				}
				count_readers++;
			}
			printf("%" PRIu64 " %zu\n", now() - begun, count_readers);
		} else if (!strcmp(line, "close")) {
			close_all();
			printf("%" PRIu64 "\n", now() - begun);
		} else if (!strcmp(line, "volume") && rest) {
			size_t len = unhex(rest, prefix, sizeof prefix);
			memset(counts, 0, sizeof counts);
			begun = now();
			rows = volume(prefix, len);
			spent = now() - begun;
			fold(0, &days, &check);
			printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", spent, rows, days, check);
		} else if (!strcmp(line, "batch") && rest) {
			FILE *f = fopen(rest, "r");
			char text[1100];
			if (!f) {
				perror(rest);
				return 1;
			}
			spent = 0;
			for (uint64_t number = 0; fgets(text, sizeof text, f); number++) {
				size_t len = unhex(text, prefix, sizeof prefix);
				memset(counts, 0, sizeof counts);
				begun = now();
				rows += volume(prefix, len);
				spent += now() - begun;
				fold(number, &days, &check);
			}
			fclose(f);
			printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", spent, rows, days, check);
		} else if (!strcmp(line, "scan") && rest && strtoul(rest, NULL, 10) < count_readers) {
			struct mtbl_iter *it = mtbl_source_iter(mtbl_reader_source(readers[strtoul(rest, NULL, 10)]));
			const uint8_t *k, *v;
			size_t kn, vn;
			begun = now();
			while (mtbl_iter_next(it, &k, &kn, &v, &vn) == mtbl_res_success)
				rows++;
			spent = now() - begun;
			mtbl_iter_destroy(&it);
			printf("%" PRIu64 " %" PRIu64 "\n", spent, rows);
		} else if (!strcmp(line, "inflate") && rest) {
			spent = inflate_all(rest, &rows);
			printf("%" PRIu64 " %" PRIu64 "\n", spent, rows);
		} else {
			fprintf(stderr, "unknown command: %s\n", line);
			return 2;
		}
		fflush(stdout);
	}
	free(line);
	close_all();
	return 0;
}

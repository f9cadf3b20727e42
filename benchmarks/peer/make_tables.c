/* Writes daily dnstable-encoded MTBL tables with libmtbl, for benchmarks.
 *
 *   make_tables DIR FIRST_DAY TABLES ROWS COMPRESSION BLOCK_SIZE SEED
 *
 * FIRST_DAY is a day number since 1970-01-01 (UTC). Every table holds exactly ROWS RRSET rows, drawn from one
 * universe of keys that is a ninth larger, so that most names are in most tables. Counts follow a Zipf law over
 * names with daily noise. The same arguments give the same bytes.
 */
#include <inttypes.h>
#include <math.h>
#include <mtbl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_KEY 512

struct key {
	uint16_t len;
	uint32_t name; /* which owner name, for its popularity */
	uint8_t *bytes;
};

static uint64_t state;

static uint64_t rnd(void) { /* splitmix64 */
	uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static double unit(void) { return (double)(rnd() >> 11) / 9007199254740992.0; }

static void die(const char *what) {
	perror(what);
	exit(1);
}

static size_t label(uint8_t *out, const char *text, size_t len) {
	out[0] = (uint8_t)len;
	memcpy(out + 1, text, len);
	return len + 1;
}

/* A made-up word of 4 to 12 letters: pronounceable, so that it compresses as names do. */
static size_t word(char *out) {
	static const char consonants[] = "bcdfghjklmnprstvwz", vowels[] = "aeiou";
	size_t n = 2 + rnd() % 5;
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = consonants[rnd() % (sizeof consonants - 1)];
		out[2 * i + 1] = vowels[rnd() % (sizeof vowels - 1)];
	}
	if (rnd() % 3 == 0)
		out[2 * n - 1] = (char)('0' + rnd() % 10);
	return 2 * n;
}

static int by_bytes(const void *a, const void *b) {
	const struct key *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int c = memcmp(x->bytes, y->bytes, n);
	return c ? c : (int)x->len - (int)y->len;
}

static size_t rdata(uint8_t *out, unsigned type, const uint8_t *domain, size_t domain_len) {
	size_t n = 0;
	uint64_t r = rnd();
	switch (type) {
	case 1:
		out[n++] = 4;
		memcpy(out + n, &r, 4);
		return n + 4;
	case 28:
		out[n++] = 16;
		memcpy(out + n, "\x20\x01\x0d\xb8", 4);
		memset(out + n + 4, 0, 8);
		memcpy(out + n + 12, &r, 4);
		return n + 16;
	case 15:
		out[n++] = (uint8_t)(2 + 5 + domain_len);
		out[n++] = 0;
		out[n++] = 10;
		n += label(out + n, "mail", 4);
		memcpy(out + n, domain, domain_len);
		return n + domain_len;
	default: /* NS, CNAME: one name under the domain */
		out[n++] = (uint8_t)(4 + domain_len);
		n += label(out + n, type == 2 ? "ns1" : "web", 3);
		memcpy(out + n, domain, domain_len);
		return n + domain_len;
	}
}

static struct key *universe(size_t count) {
	static const char *tlds[] = {"com", "com", "com", "net", "org", "de", "uk", "us", "jp", "info"};
	static const unsigned types[] = {1, 28, 5, 15, 2};
	struct key *keys = calloc(count, sizeof *keys);
	if (!keys)
		die("calloc");
	size_t made = 0;
	uint32_t names = 0;
	while (made < count) {
		char w[16];
		uint8_t rev_domain[64], domain[64];
		const char *tld = tlds[rnd() % 10];
		size_t wn = word(w), rn, dn;
		rn = label(rev_domain, tld, strlen(tld));
		rn += label(rev_domain + rn, w, wn);
		dn = label(domain, w, wn);
		dn += label(domain + dn, tld, strlen(tld));
		domain[dn++] = 0;
		size_t hosts = 1 + rnd() % 12;
		for (size_t h = 0; h < hosts && made < count; h++, names++) {
			uint8_t owner[128];
			size_t on = rn;
			memcpy(owner, rev_domain, rn);
			if (h) {
				wn = word(w);
				on += label(owner + on, w, wn);
			}
			owner[on++] = 0;
			size_t sets = 1 + rnd() % 3;
			for (size_t s = 0; s < sets && made < count; s++) {
				uint8_t key[MAX_KEY];
				size_t n = 0;
				unsigned type = s == 0 ? 1 : types[1 + rnd() % 4];
				key[n++] = 0;
				memcpy(key + n, owner, on);
				n += on;
				key[n++] = (uint8_t)type;
				memcpy(key + n, rev_domain, rn);
				n += rn;
				key[n++] = 0;
				n += rdata(key + n, type, domain, dn);
				keys[made].bytes = malloc(n);
				if (!keys[made].bytes)
					die("malloc");
				memcpy(keys[made].bytes, key, n);
				keys[made].len = (uint16_t)n;
				keys[made++].name = names;
			}
		}
	}
	qsort(keys, count, sizeof *keys, by_bytes);
	size_t unique = 0;
	for (size_t i = 0; i < count; i++)
		if (unique == 0 || by_bytes(&keys[unique - 1], &keys[i]) != 0)
			keys[unique++] = keys[i];
	keys = realloc(keys, (unique + 1) * sizeof *keys);
	keys[unique].bytes = NULL;
	return keys;
}

static size_t count_keys(const struct key *keys) {
	size_t n = 0;
	while (keys[n].bytes)
		n++;
	return n;
}

static void add(struct mtbl_writer *w, const uint8_t *k, size_t kn, const uint8_t *v, size_t vn) {
	if (mtbl_writer_add(w, k, kn, v, vn) != mtbl_res_success) {
		fprintf(stderr, "mtbl_writer_add refused a key\n");
		exit(1);
	}
}

int main(int argc, char **argv) {
	if (argc != 8) {
		fprintf(stderr, "usage: make_tables DIR FIRST_DAY TABLES ROWS COMPRESSION BLOCK_SIZE SEED\n");
		return 2;
	}
	const char *dir = argv[1];
	long first_day = atol(argv[2]), tables = atol(argv[3]);
	size_t rows = strtoul(argv[4], NULL, 10), block_size = strtoul(argv[6], NULL, 10);
	uint64_t seed = strtoull(argv[7], NULL, 10);
	mtbl_compression_type compression;
	if (mtbl_compression_type_from_str(argv[5], &compression) != mtbl_res_success) {
		fprintf(stderr, "unknown compression %s\n", argv[5]);
		return 2;
	}
	state = seed;
	struct key *keys = universe(rows + rows / 9);
	size_t have = count_keys(keys);
	if (have < rows) {
		fprintf(stderr, "only %zu distinct keys for %zu rows\n", have, rows);
		return 1;
	}
	for (long t = 0; t < tables; t++) {
		time_t day = (time_t)(first_day + t) * 86400;
		struct tm tm;
		char name[32], tmp[4096], path[4096];
		gmtime_r(&day, &tm);
		strftime(name, sizeof name, "dns.%Y%m%d.D.mtbl", &tm);
		snprintf(path, sizeof path, "%s/%s", dir, name);
		snprintf(tmp, sizeof tmp, "%s/.%s", dir, name);
		struct mtbl_writer_options *o = mtbl_writer_options_init();
		mtbl_writer_options_set_compression(o, compression);
		mtbl_writer_options_set_block_size(o, block_size);
		struct mtbl_writer *w = mtbl_writer_init(tmp, o);
		mtbl_writer_options_destroy(&o);
		if (!w)
			die(tmp);
		state = seed ^ ((uint64_t)(first_day + t) * 0x2545f4914f6cdd1dULL);
		size_t left = rows, remaining = have;
		for (size_t i = 0; left > 0; i++, remaining--) {
			if (rnd() % remaining >= left) /* selection sampling: exactly `rows` of `have`, in order */
				continue;
			left--;
			uint64_t rank = keys[i].name * 2654435761u % (uint32_t)have;
			double mean = 2e6 / pow((double)rank + 1.0, 1.0);
			uint64_t count = 1 + (uint64_t)(mean * (0.7 + 0.6 * unit()));
			uint64_t first = (uint64_t)day + rnd() % 43200, last = first + rnd() % 43200;
			uint8_t v[32];
			size_t n = mtbl_varint_encode64(v, first);
			n += mtbl_varint_encode64(v + n, last);
			n += mtbl_varint_encode64(v + n, count);
			add(w, keys[i].bytes, keys[i].len, v, n);
		}
		uint8_t v[32];
		size_t n = mtbl_varint_encode64(v, (uint64_t)day);
		n += mtbl_varint_encode64(v + n, (uint64_t)day + 86399);
		add(w, (const uint8_t *)"\xfe", 1, v, n);
		add(w, (const uint8_t *)"\xff\x00", 2, (const uint8_t *)"\x00", 1);
		mtbl_writer_destroy(&w);
		if (rename(tmp, path) != 0)
			die(path);
	}
	return 0;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of C structs <-> columns of doubles.
 *
 * The columns are Float64Arrays over a SharedArrayBuffer: such memory can be
 * neither detached nor shrunk, so its address, taken once, stays good for as
 * long as the reference held here. Work goes column by column, so that the
 * choice of width and sign is made once a column and not once a value.
 */
#include "gthulhu_bpf.h"

#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 256

void gb_columns_free(napi_env env, struct gb_columns *c)
{
	for (uint32_t i = 0; c->refs && i < c->n; i++)
		if (c->refs[i])
			napi_delete_reference(env, c->refs[i]);
	free(c->refs);
	free(c->col);
	memset(c, 0, sizeof(*c));
}

static bool plan_number(napi_env env, napi_value plan, uint32_t at, int64_t max, int64_t *out)
{
	napi_value v;

	if (napi_get_element(env, plan, at, &v) == napi_ok)
		return gb_int(env, v, "a column's offset, size, sign or count", 0, max, out);
	gb_throw(env, "ERR_BPF_ARGUMENT", 0, "the column plan is incomplete");
	return false;
}

static bool bind(napi_env env, napi_value plan, napi_value arrays, uint32_t i, struct gb_columns *c)
{
	int64_t offset, size, is_signed, count;
	napi_value array, buffer;
	napi_typedarray_type type;
	bool is = false, detachable = true;
	size_t length = 0;
	void *data = NULL;

	if (!plan_number(env, plan, i * 4, UINT32_MAX, &offset) || !plan_number(env, plan, i * 4 + 1, 8, &size) ||
	    !plan_number(env, plan, i * 4 + 2, 1, &is_signed) || !plan_number(env, plan, i * 4 + 3, 4096, &count))
		return false;
	if (size < 1 || (size & (size - 1)) || count < 1 || offset + size * count > c->row_size) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0,
			 "column %u (offset %lld, %lld x %lld bytes) does not fit a record of %u bytes", i, (long long)offset,
			 (long long)count, (long long)size, c->row_size);
		return false;
	}
	if (napi_get_element(env, arrays, i, &array) != napi_ok || napi_is_typedarray(env, array, &is) != napi_ok || !is ||
	    napi_get_typedarray_info(env, array, &type, &length, &data, &buffer, NULL) != napi_ok ||
	    type != napi_float64_array || napi_is_arraybuffer(env, buffer, &detachable) != napi_ok || detachable ||
	    !data || length < (size_t)c->capacity * (size_t)count) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0,
			 "column %u must be a Float64Array of %u rows over a SharedArrayBuffer", i, c->capacity);
		return false;
	}
	c->col[i] = (struct gb_column){ .data = data, .offset = (uint32_t)offset, .size = (uint32_t)size,
					.count = (uint32_t)count, .is_signed = is_signed };
	if (napi_create_reference(env, array, 1, &c->refs[i]) == napi_ok)
		return true;
	gb_throw(env, "ERR_BPF_SYS", 0, "cannot hold on to column %u", i);
	return false;
}

/* plan: four numbers a column (offset, size, signed, count). On failure an exception is pending; free it anyway. */
bool gb_columns_bind(napi_env env, napi_value plan, napi_value arrays, int64_t row_size, int64_t capacity,
		     struct gb_columns *out)
{
	bool is_plan = false, is_list = false;
	uint32_t n = 0, planned = 0;

	if (napi_is_array(env, plan, &is_plan) != napi_ok || !is_plan || napi_is_array(env, arrays, &is_list) != napi_ok ||
	    !is_list || napi_get_array_length(env, plan, &planned) != napi_ok ||
	    napi_get_array_length(env, arrays, &n) != napi_ok || n < 1 || n > MAX_COLUMNS || planned != n * 4) {
		gb_throw(env, "ERR_BPF_ARGUMENT", 0, "expected a plan and arrays for 1 to %d columns", MAX_COLUMNS);
		return false;
	}
	out->col = calloc(n, sizeof(*out->col));
	out->refs = calloc(n, sizeof(*out->refs));
	if (!out->col || !out->refs) {
		gb_throw(env, "ERR_BPF_SYS", 0, "no memory for %u columns", n);
		return false;
	}
	out->n = n;
	out->capacity = (uint32_t)capacity;
	out->row_size = (uint32_t)row_size;
	for (uint32_t i = 0; i < n; i++)
		if (!bind(env, plan, arrays, i, out))
			return false;
	return true;
}

#define READ(type)                                                                                                     \
	for (uint32_t r = 0; r < n; r++) {                                                                             \
		type v_;                                                                                               \
		memcpy(&v_, rows[r] + offset, sizeof(v_));                                                             \
		out[(size_t)r * stride] = (double)v_;                                                                  \
	}                                                                                                              \
	break

static void read_column(double *out, uint32_t stride, const uint8_t *const rows[], uint32_t n, uint32_t offset,
			uint32_t kind)
{
	switch (kind) {
	case 1 << 1: READ(uint8_t);
	case 1 << 1 | 1: READ(int8_t);
	case 2 << 1: READ(uint16_t);
	case 2 << 1 | 1: READ(int16_t);
	case 4 << 1: READ(uint32_t);
	case 4 << 1 | 1: READ(int32_t);
	case 8 << 1: READ(uint64_t);
	default: READ(int64_t);
	}
}

/* Rows to columns, from row `at` of the columns on. Each row has row_size readable bytes. */
void gb_columns_read(const struct gb_columns *c, const uint8_t *const rows[], uint32_t n, uint32_t at)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct gb_column *col = &c->col[i];

		for (uint32_t k = 0; k < col->count; k++)
			read_column(col->data + (size_t)at * col->count + k, col->count, rows, n, col->offset + k * col->size,
				    col->size << 1 | col->is_signed);
	}
}

/* Truncates towards zero; NaN is 0; what does not fit becomes the nearest value that does. */
static inline uint64_t to_unsigned(double d, uint64_t max)
{
	if (d >= 0 && d < 9223372036854775808.0)
		return (uint64_t)(int64_t)d < max ? (uint64_t)(int64_t)d : max;
	if (!(d > 0))
		return 0;
	if (d >= 18446744073709551616.0)
		return max;
	return (uint64_t)d < max ? (uint64_t)d : max;
}

static inline int64_t to_signed(double d, int64_t max)
{
	int64_t v;

	if (d > -9223372036854775808.0 && d < 9223372036854775808.0) {
		v = (int64_t)d;
		return v > max ? max : v < -max - 1 ? -max - 1 : v;
	}
	return d > 0 ? max : d < 0 ? -max - 1 : 0;
}

#define WRITE(type, convert, max)                                                                                      \
	for (uint32_t r = 0; r < n; r++) {                                                                             \
		type v_ = (type)convert(in[(size_t)r * stride], max);                                                  \
		memcpy(rows + (size_t)r * row_size, &v_, sizeof(v_));                                                  \
	}                                                                                                              \
	break

static void write_column(const double *in, uint32_t stride, uint8_t *rows, uint32_t row_size, uint32_t n, uint32_t kind)
{
	switch (kind) {
	case 1 << 1: WRITE(uint8_t, to_unsigned, UINT8_MAX);
	case 1 << 1 | 1: WRITE(int8_t, to_signed, INT8_MAX);
	case 2 << 1: WRITE(uint16_t, to_unsigned, UINT16_MAX);
	case 2 << 1 | 1: WRITE(int16_t, to_signed, INT16_MAX);
	case 4 << 1: WRITE(uint32_t, to_unsigned, UINT32_MAX);
	case 4 << 1 | 1: WRITE(int32_t, to_signed, INT32_MAX);
	case 8 << 1: WRITE(uint64_t, to_unsigned, UINT64_MAX);
	default: WRITE(int64_t, to_signed, INT64_MAX);
	}
}

/* Columns to consecutive structs. Bytes of a struct that no column names are left alone. */
void gb_columns_write(const struct gb_columns *c, uint8_t *rows, uint32_t n)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct gb_column *col = &c->col[i];

		for (uint32_t k = 0; k < col->count; k++)
			write_column(col->data + k, col->count, rows + col->offset + k * col->size, c->row_size, n,
				     col->size << 1 | col->is_signed);
	}
}

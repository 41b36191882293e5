/* golden.c - the atom probe's three loops: the published figures, on every backend.
 * SPDX-License-Identifier: MIT
 *
 * What the NULL pool computes is compared with known answers: sums bit by bit, fits as far
 * as the solver goes. Then every backend and number of workers has to have its bytes.
 */
#include <cadre/cadre.h>
#include "bowl.h"
#include "contract.h"
#include "fit.h"
#include "numbers.h"
#include "peak.h"
#include "recover.h"
#include "voltage.h"

#include <math.h>

#define IONS   200000
#define PULSES 20000
#define CELLS  2638

static struct ap_ions ions; /* made once, by the first pool that comes along */
static struct ap_recover stops;
static double reference;

/* What may have been computed anywhere and anyhow, with the bytes that it came to. */
struct outcome {
    struct ap_cell *cells, *means, *wide;
    struct ap_grid grid, wide_grid;
    struct ap_segment fast[20], edges[20], odd[29], mean[20], median[20];
    cadre_bytes rows[5];
};

static struct ap_store in_memory(double *values)
{
    return (struct ap_store){ .n = IONS, .size = sizeof *values, .memory = values };
}

static struct ap_bowl bowl(unsigned sample, double diameter, int method, int kernel)
{
    return (struct ap_bowl){ .x = in_memory(ions.x),
                             .y = in_memory(ions.y),
                             .t = in_memory(ions.t),
                             .n = IONS,
                             .sample = sample,
                             .diameter = diameter,
                             .reference = reference,
                             .bin = 0.01,
                             .method = method,
                             .kernel = kernel,
                             .block = 65536 };
}

static void ok(int rc, const cadre_error *err)
{
    if (rc)
        fail_msg("%s", err->message);
}

static void segments(struct ap_segment *out, cadre_pool *pool, uint64_t size,
                     int method, int rule)
{
    struct ap_voltage stage = { .v = in_memory(ions.v),
                                .t = in_memory(ions.t),
                                .n = IONS,
                                .segment = size,
                                .reference = reference,
                                .bin = 0.01,
                                .method = method,
                                .rule = rule };
    cadre_error err;

    ok(ap_voltage_run(out, pool, &stage, &err), &err);
}

static void cells(struct ap_cell **out, struct ap_grid *grid, cadre_pool *pool,
                  struct ap_bowl stage)
{
    cadre_error err;

    ok(ap_bowl_run(out, grid, pool, &stage, &err), &err);
}

static void compute(struct outcome *o, cadre_pool *pool)
{
    struct ap_grid grid;
    cadre_error err;

    *o = (struct outcome){ 0 };
    cells(&o->cells, &o->grid, pool, bowl(1, 70, AP_HISTOGRAM, AP_BINNED));
    cells(&o->means, &grid, pool, bowl(1, 70, AP_MEAN, AP_BINNED));
    cells(&o->wide, &o->wide_grid, pool, bowl(5, 80, AP_HISTOGRAM, AP_BINNED));
    segments(o->fast, pool, 10000, AP_HISTOGRAM, AP_FAST);
    segments(o->edges, pool, 10000, AP_HISTOGRAM, AP_EDGES);
    segments(o->odd, pool, 7001, AP_HISTOGRAM, AP_FAST);
    segments(o->mean, pool, 10000, AP_MEAN, AP_FAST);
    segments(o->median, pool, 10000, AP_MEDIAN, AP_FAST);
    ok(ap_recover_run(o->rows, pool, &stops, &err), &err);
}

static void forget(struct outcome *o)
{
    cadre_free_shared(o->cells);
    cadre_free_shared(o->means);
    cadre_free_shared(o->wide);
    cadre_bytes_free(o->rows, 5);
}

static struct outcome serial;

static int make_all(void **state)
{
    cadre_error err;

    (void)state;
    ok(ap_ions_make(&ions, NULL, IONS, &err), &err);
    reference = ap_mean(ions.t, IONS);
    ok(ap_stops_make(&stops.stops, NULL, PULSES, &err), &err);
    ok(ap_pulses_find(&stops.pulses, &stops.stops, &err), &err);
    stops.limit = 4;
    compute(&serial, NULL);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    forget(&serial);
    ap_ions_free(&ions);
    ap_stops_free(&stops.stops);
    cadre_free_shared(stops.pulses.first);
    return 0;
}

static void same(double is, double should)
{
    if (is != should)
        fail_msg("%.17g, but %.17g is known", is, should);
}

static void near(double is, double should)
{
    if (fabs(is - should) > 1e-9 * fabs(should))
        fail_msg("%.13g, but %.13g is known", is, should);
}

/* ---- known answers ---- */

static void generator(void **state)
{
    double low = INFINITY, high = -INFINITY;

    (void)state;
    same(ions.x[0], -12.238460314307176);
    same(ions.y[0], 30.345360333370586);
    same(ions.t[0], 25.50406818350813);
    same(reference, 27.222028906902153);
    for (size_t i = 0; i < IONS; i++) {
        low = fmin(low, ions.t[i]);
        high = fmax(high, ions.t[i]);
    }
    same(low, 25.015667418954894);
    same(high, 29.109698036253402);
}

/* The rows of the file: cells, and segments by either rule. */
static void rows_of_file(void **state)
{
    FILE *file = fopen(GOLDEN_FILE, "r");
    char line[256], kind;
    unsigned i, n = 0;
    double a, b, c;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        int fields = sscanf(line, "%c %u %lf %lf %lf", &kind, &i, &a, &b, &c);

        if (line[0] == '#')
            continue;
        if (kind == 'c') {
            assert_int_equal(fields, 5);
            assert_true(serial.cells[i].found);
            same(serial.cells[i].x, a);
            same(serial.cells[i].y, b);
            same(serial.cells[i].z, c);
        } else {
            const struct ap_segment *s = kind == 's' ? serial.fast : serial.edges;

            assert_int_equal(fields, 4);
            same(s[i].t, a);
            same(s[i].v, b);
        }
        n++;
    }
    fclose(file);
    assert_int_equal(n, CELLS + 40);
}

static void sums_of_cells(void **state)
{
    double x = 0, y = 0, z = 0, means = 0, wide = 0;
    unsigned found = 0, wide_found = 0;

    (void)state;
    assert_int_equal(serial.grid.cells, CELLS);
    assert_int_equal(serial.wide_grid.cells, 209);
    for (unsigned i = 0; i < CELLS; i++) {
        found += serial.cells[i].found != 0;
        x += serial.cells[i].x;
        y += serial.cells[i].y;
        z += serial.cells[i].z;
        means += serial.means[i].z;
    }
    for (unsigned i = 0; i < 209; i++) {
        wide_found += serial.wide[i].found != 0;
        wide += serial.wide[i].found ? serial.wide[i].z : 0;
    }
    assert_int_equal(found, CELLS);
    assert_int_equal(wide_found, 161);
    same(x, 3.345614287459277);
    same(y, -4.057455591592586);
    same(z, 2600.4737711902653);
    same(means, 2632.254508078065);
    same(wide, 165.78486163906842);
}

static void sums_of_segments(void **state)
{
    double t = 0, v = 0, odd_t = 0, odd_v = 0, mean = 0, median = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        t += serial.fast[i].t;
        v += serial.fast[i].v;
        mean += serial.mean[i].t;
        median += serial.median[i].t;
    }
    for (unsigned i = 0; i < 29; i++) {
        odd_t += serial.odd[i].t;
        odd_v += serial.odd[i].v;
    }
    same(t, 19.91934849590984);
    same(v, 99985.71170204249);
    same(odd_t, 28.90145776449496);
    same(odd_v, 146263.4129081104);
    same(mean, 20.000000000000004);
    same(median, 19.994829680910026);
}

static void fits(void **state)
{
    static const double plain[] = { 0.9873445061, 2.00648980546e-05, 6.76555510139e-10,
                                    9.97127621014e-05, -4.59366031153e-05 };
    static const double trimmed[] = { 0.987437224883, 1.98178696247e-05,
                                      8.35426821299e-10, 9.95597083837e-05,
                                      -4.50087679623e-05 };
    static const double voltage[] = { 0.859943837275, 3.69314074759e-05,
                                      -1.73703068187e-09 };
    double x[CELLS], y[CELLS], z[CELLS], t[20], v[20], c[5];
    cadre_error err;

    (void)state;
    for (unsigned i = 0; i < CELLS; i++) {
        x[i] = serial.means[i].x;
        y[i] = serial.means[i].y;
        z[i] = serial.means[i].z;
    }
    for (unsigned i = 0; i < 20; i++) {
        t[i] = serial.fast[i].t;
        v[i] = serial.fast[i].v;
    }
    ok(ap_fit_bowl(x, y, z, CELLS, false, c, &err), &err);
    for (unsigned k = 0; k < 5; k++)
        near(c[k], plain[k]);
    ok(ap_fit_bowl(x, y, z, CELLS, true, c, &err), &err);
    for (unsigned k = 0; k < 5; k++)
        near(c[k], trimmed[k]);
    ok(ap_fit_voltage(v, t, 20, c, &err), &err);
    for (unsigned k = 0; k < 3; k++)
        near(c[k], voltage[k]);
}

static void recovered(void **state)
{
    static const uint64_t status[] = { 19112, 190, 2376, 0, 90 };
    struct ap_recovered sum = ap_recover_sum(serial.rows, 5);

    (void)state;
    assert_int_equal(stops.stops.n, 84489);
    assert_int_equal(stops.pulses.n, 20000);
    assert_int_equal(sum.rows, 21768);
    for (int k = 0; k < AP_STATUS_COUNT; k++)
        assert_int_equal(sum.status[k], status[k]);
    same(sum.distance, 80143.986938774993);
    same(sum.tof, 21447851.08516207);
}

/* ---- the same bytes ---- */

static void compare(const struct outcome *o)
{
    assert_memory_equal(o->cells, serial.cells, CELLS * sizeof *o->cells);
    assert_memory_equal(o->means, serial.means, CELLS * sizeof *o->means);
    assert_memory_equal(o->wide, serial.wide, 209 * sizeof *o->wide);
    assert_memory_equal(o->fast, serial.fast, sizeof o->fast);
    assert_memory_equal(o->edges, serial.edges, sizeof o->edges);
    assert_memory_equal(o->odd, serial.odd, sizeof o->odd);
    assert_memory_equal(o->mean, serial.mean, sizeof o->mean);
    assert_memory_equal(o->median, serial.median, sizeof o->median);
    for (int b = 0; b < 5; b++) {
        assert_int_equal(o->rows[b].size, serial.rows[b].size);
        assert_memory_equal(o->rows[b].data, serial.rows[b].data, o->rows[b].size);
    }
}

static void same_everywhere(void **state)
{
    static const char *const backends[] = { "serial", "threads", "processes",
                                            "persistent", "auto" };
    static const int workers[] = { 1, 2, 3, 5 };

    (void)state;
    for (unsigned b = 0; b < 5; b++)
        for (unsigned w = 0; w < 4 && !(b == 0 && w > 0); w++) {
            struct contract c = { .backend = backends[b], .workers = workers[w] };
            struct outcome o;

            if (contract_without(backends[b]))
                continue;
            assert_int_equal(contract_pool(&c.pool, &c, (cadre_options){ 0 }), 0);
            compute(&o, c.pool);
            compare(&o);
            forget(&o);
            cadre_close(c.pool);
        }
}

/* Neither how many ions are sorted together nor where they lie shows, nor does how many
 * pulses are in a batch. */
static void same_in_any_blocks(void **state)
{
    static const uint64_t blocks[] = { 1000, 200000 };
    struct ap_bowl stage = bowl(1, 70, AP_HISTOGRAM, AP_BINNED);
    struct ap_cell *out;
    struct ap_grid grid;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        stage.block = blocks[i % 2];
        stage.folder = i < 2 ? NULL : ".";
        cells(&out, &grid, NULL, stage);
        assert_memory_equal(out, serial.cells, CELLS * sizeof *out);
        cadre_free_shared(out);
    }
}

/* A thousand ions in two and a half thousand cells: most are empty, from the first on. */
static void empty_cells(void **state)
{
    struct ap_bowl few = bowl(1, 70, AP_HISTOGRAM, AP_BINNED);
    struct ap_cell *sorted, *scanned;
    struct ap_grid grid;
    unsigned found = 0;

    (void)state;
    few.n = 1000;
    cells(&sorted, &grid, NULL, few);
    few.kernel = AP_SCAN;
    cells(&scanned, &grid, NULL, few);
    assert_memory_equal(sorted, scanned, CELLS * sizeof *sorted);
    assert_int_equal(sorted[0].members, 0);
    for (unsigned i = 0; i < CELLS; i++)
        found += sorted[i].found != 0;
    assert_in_range(found, 500, 1000);
    cadre_free_shared(sorted);
    cadre_free_shared(scanned);
}

/* The scan takes the cells from full comparisons of exact coordinates; sorting from rough
 * ones where that is enough. */
static void same_by_scan(void **state)
{
    struct contract c = { .backend = "threads", .workers = 2 };
    struct ap_cell *out;
    struct ap_grid grid;

    (void)state;
    assert_int_equal(contract_pool(&c.pool, &c, (cadre_options){ 0 }), 0);
    cells(&out, &grid, c.pool, bowl(5, 80, AP_HISTOGRAM, AP_SCAN));
    assert_memory_equal(out, serial.wide, 209 * sizeof *out);
    cadre_free_shared(out);
    cadre_close(c.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generator),
        cmocka_unit_test(rows_of_file),
        cmocka_unit_test(sums_of_cells),
        cmocka_unit_test(sums_of_segments),
        cmocka_unit_test(fits),
        cmocka_unit_test(recovered),
        cmocka_unit_test(same_everywhere),
        cmocka_unit_test(same_in_any_blocks),
        cmocka_unit_test(empty_cells),
        cmocka_unit_test(same_by_scan),
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}

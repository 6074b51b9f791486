/* The rate of a tight back-projection: every voxel column is 64 floats along the tilt axis, and
   each view adds a mixture of its two nearest columns to it. Nothing is read, filtered or written.

   usage: backprojection_limit CORES
   prints giga-updates a CPU second and giga-updates a second of wall time, best of some rounds. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LANES 64
#define WIDTH 1024
#define DEPTH 300
#define VIEWS 41
#define ROUNDS 4

typedef float column[LANES];

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

static void fill_voxel(column *voxel, column *const view[VIEWS], const float *cosine,
                       const float *sine, int x, int z)
{
    column sum = {0};
    for (int v = 0; v < VIEWS; v++) {
        float place = (x - WIDTH / 2) * cosine[v] + (z - DEPTH / 2) * sine[v] + WIDTH / 2;
        if (!(place >= 0 && place < WIDTH - 1))
            continue;
        int near = (int)place;
        float share = place - near;
        const float *left = view[v][near], *right = view[v][near + 1];
        for (int y = 0; y < LANES; y++)
            sum[y] += left[y] + share * (right[y] - left[y]);
    }
    for (int y = 0; y < LANES; y++)
        (*voxel)[y] = sum[y];
}

int main(int count, char **words)
{
    if (count > 1)
        omp_set_num_threads(atoi(words[1]));
    column *view[VIEWS], *slice = aligned_alloc(64, sizeof(column) * WIDTH * DEPTH);
    float cosine[VIEWS], sine[VIEWS];
    for (int v = 0; v < VIEWS; v++) {
        float tilt = (3 * v - 60) * (float)(M_PI / 180);
        cosine[v] = cosf(tilt), sine[v] = sinf(tilt);
        view[v] = aligned_alloc(64, sizeof(column) * WIDTH);
        for (int i = 0; i < WIDTH * LANES; i++)
            view[v][0][i] = (float)(i % 1009);
    }
    for (int i = 0; i < WIDTH * DEPTH * LANES; i++)
        slice[0][i] = 0;
    double best_cpu = 1e30, best_wall = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
#pragma omp parallel for schedule(dynamic, 1)
        for (int z = 0; z < DEPTH; z++)
            for (int x = 0; x < WIDTH; x++)
                fill_voxel(&slice[z * WIDTH + x], view, cosine, sine, x, z);
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        wall = seconds(CLOCK_MONOTONIC) - wall;
        best_cpu = cpu < best_cpu ? cpu : best_cpu;
        best_wall = wall < best_wall ? wall : best_wall;
    }
    double updates = 1e-9 * VIEWS * WIDTH * DEPTH * LANES;
    printf("%.3f %.3f\n", updates / best_cpu, updates / best_wall);
    return slice[WIDTH / 2][0] < 0;
}

static void dense(const shape *in, const uint8_t *source, const shape *out, uint8_t *target, const scaling *s) {
    for (int map = 0; map < out->maps; map++) {
        target[map] = rescale((int64_t)weigh(in, source, map, s) * s->factor[map], s->shift[map], out->zero);
    }
}

static int32_t weigh(const shape *in, const uint8_t *source, int map, const scaling *s) {
    const int count = in->maps * in->height * in->width;
    int32_t sum = s->bias ? s->bias[map] : 0;
    for (int i = 0; i < count; i++) sum += (source[i] - in->zero) * s->weights[map * count + i];
    return sum;
}

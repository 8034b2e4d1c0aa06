/* SPDX-License-Identifier: MIT */
#include "proxy/base/memory_file.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 1024

/* Makes room for `size` more bytes and a NUL. Returns false if out of memory. */
static bool memory_file_make_room(struct memory_file *file, size_t size)
{
    size_t capacity = file->capacity == 0 ? CAPACITY_FIRST : file->capacity;
    while (capacity - file->size <= size)
        capacity *= 2;
    if (capacity == file->capacity)
        return true;
    char *bytes = realloc(file->bytes, capacity);
    if (bytes == NULL)
        return false;
    file->bytes = bytes;
    file->capacity = capacity;
    return true;
}

/* Returning 0 means an error (fopencookie(3)). */
static ssize_t on_write(void *cookie, const char *bytes, size_t size)
{
    struct memory_file *file = cookie;
    if (file->failed || !memory_file_make_room(file, size)) {
        file->failed = true;
        return 0;
    }
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
    file->bytes[file->size] = '\0';
    return (ssize_t)size;
}

int memory_file_open(struct memory_file *file)
{
    *file = (struct memory_file){.out = NULL};
    file->out = fopencookie(file, "w", (cookie_io_functions_t){.write = on_write});
    return file->out != NULL ? 0 : -1;
}

char *memory_file_close(struct memory_file *file, size_t *size)
{
    file->failed = fclose(file->out) != 0 || file->failed;
    if (file->bytes == NULL && !file->failed)
        file->bytes = calloc(1, 1); /* nothing was written */
    if (file->failed) {
        free(file->bytes);
        file->bytes = NULL;
    }
    if (size != NULL)
        *size = file->size;
    return file->bytes;
}

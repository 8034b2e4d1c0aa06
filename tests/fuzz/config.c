/* SPDX-License-Identifier: MIT */
/*
 * A configuration file of any bytes. One that is read without a problem is printed; the print has
 * no problem either, and prints as itself.
 */
#include "tests/fuzz/target.h"

#include "config/config.h"
#include "proxy/base/memory_file.h"

static size_t build(const char *text, struct config *config)
{
    struct config_source *source = config_source_new();
    fuzz_require(source != NULL, "out of memory");
    config_source_add_text(source, "fuzz.ini", text);
    size_t problems = config_build(source, config, fuzz_null());
    config_source_free(source);
    return problems;
}

static char *print(const struct config *config)
{
    struct memory_file file;
    fuzz_require(memory_file_open(&file) == 0, "out of memory");
    config_print(config, file.out);
    char *text = memory_file_close(&file, NULL);
    fuzz_require(text != NULL, "out of memory");
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    char *text = fuzz_text(data, size);
    if (build(text, &config) == 0) {
        char *first = print(&config);
        config_free(&config);
        fuzz_require(build(first, &config) == 0, first);
        char *second = print(&config);
        config_free(&config);
        fuzz_require(strcmp(first, second) == 0, second);
        free(first);
        free(second);
    }
    free(text);
    return 0;
}

/* Runs a fuzz target over files, each in memory of its own size so that a sanitizer sees reads beyond it. Usage:
 * fuzz_X_replay FILE-OR-FOLDER...; fails if there is no file. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

enum { PATH_BYTES = 4096 };

static size_t files;

static void run_file(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = malloc(size);
  OM_ASSERT(file && (bytes || size == 0) && fread(bytes, 1, size, file) == size);
  fclose(file);
  fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
  LLVMFuzzerTestOneInput(bytes, size);
  free(bytes);
  files++;
}

static void run(const char *path) {
  struct stat info;
  struct dirent **names;
  if (stat(path, &info) != 0) {
    fprintf(stderr, "%s: can't be read\n", path);
    exit(1);
  }
  if (!S_ISDIR(info.st_mode)) {
    run_file(path, (size_t)info.st_size);
    return;
  }
  int n = scandir(path, &names, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    char inner[PATH_BYTES];
    int len = snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
    if (names[i]->d_name[0] != '.' && len < PATH_BYTES) run(inner);
    free(names[i]);
  }
  if (n >= 0) free(names);
}

int main(int argc, char **argv) {
  struct stat info;
  LLVMFuzzerTestOneInput(NULL, 0);
  for (int i = 1; i < argc; i++) run(argv[i]);
  if (fuzz_replayed && argc == 2 && stat(argv[1], &info) == 0 && S_ISDIR(info.st_mode)) fuzz_replayed();
  printf("%zu files\n", files);
  return files == 0;
}

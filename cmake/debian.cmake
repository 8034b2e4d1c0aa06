# What Debian's policy wants of a package: a copyright file, a changelog in its form.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/changelog @ONLY CONTENT
"rudeproxy (@PROJECT_VERSION@) unstable; urgency=medium

  * CHANGELOG.md has the changes.

 -- rudeproxy maintainers <maintainers@rudeproxy.invalid>  Sat, 28 Nov 2026 12:00:00 +0000
")
install_compressed(${PROJECT_BINARY_DIR}/changelog ${CMAKE_INSTALL_DOCDIR})

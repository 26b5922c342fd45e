// Generates the Go stubs of every schema: `go run ./generate SCHEMAS INTO`.
//
// The schemas are compiled in Go and handed to the two plugins that go.mod locks as tools, so
// that nothing but Go has to be installed. Run by `setup_env.sh`, which knows when it is needed.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// Where the stubs are imported from.
const module = "github.com/wirecheck/wirecheck/go/generated"

var plugins = []string{"protoc-gen-go", "protoc-gen-go-grpc"}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate SCHEMAS INTO")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(from, into string) error {
	names, err := schemas(from)
	if err != nil {
		return err
	}
	request, err := compile(from, names)
	if err != nil {
		return err
	}
	for _, plugin := range plugins {
		files, err := run(plugin, request)
		if err != nil {
			return err
		}
		if err := write(files, into); err != nil {
			return err
		}
	}
	return nil
}

// schemas gives every schema below a folder, as a path from there.
func schemas(folder string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".proto" {
			return err
		}
		relative, err := filepath.Rel(folder, name)
		names = append(names, filepath.ToSlash(relative))
		return err
	})
	return names, err
}

// compile makes what a plugin reads: all files with what they import, imports first.
func compile(folder string, names []string) ([]byte, error) {
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(
			&protocompile.SourceResolver{ImportPaths: []string{folder}},
		),
		// The comments of a schema are the documentation of its stubs.
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		return nil, err
	}
	request := &pluginpb.CodeGeneratorRequest{
		FileToGenerate: names,
		Parameter:      proto.String(parameter(names)),
		ProtoFile:      withImports(files),
	}
	return proto.Marshal(request)
}

// parameter says where the stubs of each schema go. The schemas serve many languages and name no
// Go package themselves.
func parameter(names []string) string {
	parts := []string{"module=" + module}
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("M%s=%s/%s", name, module, goPackage(name)))
	}
	return strings.Join(parts, ",")
}

// goPackage gives each folder of schemas a package, and each schema at the top one of its own:
// their messages have the same names.
func goPackage(name string) string {
	if folder := path.Dir(name); folder != "." {
		return folder
	}
	return strings.TrimSuffix(name, ".proto")
}

func withImports(files linker.Files) []*descriptorpb.FileDescriptorProto {
	var ordered []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var add func(file protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		ordered = append(ordered, protodesc.ToFileDescriptorProto(file))
	}
	for _, file := range files {
		add(file)
	}
	return ordered
}

// run hands a request to a plugin, which go.mod knows as a tool.
func run(plugin string, request []byte) ([]*pluginpb.CodeGeneratorResponse_File, error) {
	command := exec.Command("go", "tool", plugin)
	command.Stdin = bytes.NewReader(request)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", plugin, err)
	}
	response := &pluginpb.CodeGeneratorResponse{}
	if err := proto.Unmarshal(output, response); err != nil {
		return nil, fmt.Errorf("%s: %w", plugin, err)
	}
	if response.Error != nil {
		return nil, errors.New(plugin + ": " + response.GetError())
	}
	return response.File, nil
}

func write(files []*pluginpb.CodeGeneratorResponse_File, into string) error {
	for _, file := range files {
		name := filepath.Join(into, filepath.FromSlash(file.GetName()))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(file.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

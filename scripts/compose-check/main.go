// Loads a compose file as `docker compose config` would, with every profile, and prints its services: their names, or with --environment
// the environment of each as JSON. Exit code 1 says what is wrong.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	arguments := os.Args[1:]
	environment := len(arguments) == 3 && arguments[2] == "--environment"
	if len(arguments) != 2 && !environment {
		fmt.Fprintln(os.Stderr, "usage: compose-check COMPOSE-FILE ENV-FILE [--environment]")
		os.Exit(2)
	}
	project, err := load(arguments[0], arguments[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if !environment {
		for _, name := range project.ServiceNames() {
			fmt.Println(name)
		}
		return
	}
	shown := map[string]types.MappingWithEquals{}
	for name, service := range project.Services {
		shown[name] = service.Environment
	}
	if err := json.NewEncoder(os.Stdout).Encode(shown); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func load(file, variables string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithEnvFiles(variables), cli.WithDotEnv, cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

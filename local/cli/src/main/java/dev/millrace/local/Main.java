package dev.millrace.local;

import java.io.PrintWriter;
import java.util.Properties;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The {@code millrace} command. */
@Command(
    name = "millrace",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = "Data pipelines from one file: on a laptop as on a cluster.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace init shop                          a small pipeline to begin with",
      "  millrace run demo-tv                        until Ctrl-C; the next run goes on where it stopped",
      "  millrace run demo-tv --detach               in the background",
      "  millrace run demo-tv --until drained        until everything that ends has arrived",
      "  millrace plan demo-tv                       what an edit would change, and what it costs",
      "  millrace apply demo-tv --plan HASH          has the run follow the edit",
      "  millrace plan demo-tv -n tv                 the same on a cluster; so do diff, apply, status",
      "  millrace pause tv -n tv",
      "  millrace status demo-tv -o json",
      "  millrace logs -f demo-tv connect",
      "  millrace query demo-tv 'SELECT * FROM viewings LIMIT 5'",
      "  millrace test demo-tv                       its tests, in seconds, without any service",
      "  millrace connector dev my-connector --config orders.yaml",
      "  source <(millrace completion)               completion for bash and zsh",
      "",
      "Exit codes: 0 done; 1 something failed or is wrong; 2 the command line is wrong; 3 not running."
    },
    subcommands = {
      InitCommand.class,
      RunCommand.class,
      StopCommand.class,
      StatusCommand.class,
      LogsCommand.class,
      ValidateCommand.class,
      QueryCommand.class,
      TestCommand.class,
      ConnectorCommand.class,
      PlanCommand.class,
      DiffCommand.class,
      ApplyCommand.class,
      StateCommand.Pause.class,
      StateCommand.Resume.class
    })
public final class Main implements Runnable {
  static final int FAILED = 1;
  static final int NOT_RUNNING = 3;

  @Spec CommandSpec spec;

  /** Runs the command and exits with its code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    line.addSubcommand("completion", new AutoComplete.GenerateCompletion());
    line.getSubcommands()
        .get("completion")
        .getCommandSpec()
        .usageMessage()
        .description("Prints a completion script for bash and zsh.");
    line.setExecutionExceptionHandler(
        (e, command, result) -> {
          if (e instanceof Refusal refusal) {
            PrintWriter err = command.getErr();
            refusal.lines().forEach(err::println);
            err.flush();
            return refusal.exitCode();
          }
          throw e;
        });
    return line;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  static String property(String name) {
    Properties properties = new Properties();
    try (var in = Main.class.getResourceAsStream("/millrace.properties")) {
      properties.load(in);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return properties.getProperty(name);
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"millrace " + property("version")};
    }
  }
}

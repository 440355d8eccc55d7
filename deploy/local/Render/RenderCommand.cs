using System.CommandLine;

namespace Microservices.Local.Render;

/// <summary>The command <c>render</c>: what other tools run the suite by, made of the table of services.</summary>
internal static class RenderCommand
{
    /// <summary>Where the objects of Kubernetes are kept.</summary>
    public static string KubernetesFile => Path.Combine(Repository.Root, "deploy", "k8s", "base", "services.yaml");

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var kubernetes = new Command("kubernetes", "Writes deploy/k8s/base/services.yaml");
        kubernetes.SetAction((_, cancellation) => File.WriteAllTextAsync(KubernetesFile, KubernetesServices.Render(Catalog.Services), cancellation));
        var compose = new Command("compose", "Prints what deploy/docker/compose adds to compose.yaml");
        compose.SetAction(async (_, _) => await Console.Out.WriteAsync(ComposeServices.Render(Catalog.Services)));
        return new Command("render", "Renders the table of services for other tools") { kubernetes, compose };
    }
}

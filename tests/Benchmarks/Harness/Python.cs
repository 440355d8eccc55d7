using System.Diagnostics;
using Google.Protobuf.Reflection;
using Microservices.Orders.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>The contenders in Python: scripts beside this program's source, in the folder Python.</summary>
internal static class Python
{
    private static readonly string Folder = Path.Combine(Needs.Root, "tests", "Benchmarks", "Python");

    /// <summary>Why a script that imports these modules cannot run here; null when it can.</summary>
    public static string? WhyNot(params string[] modules)
    {
        if (Needs.Python is not { } python)
            return "there is no Python with grpc (Debian: python3-grpcio, python3-protobuf)";
        var missing = modules.Where(m => Machine.Output(python, "-c", $"import {m}") is not null).ToArray();
        return missing.Length == 0 ? null : $"Python lacks {string.Join(", ", missing)} (Debian: {string.Join(", ", missing.Select(m => "python3-" + m))})";
    }

    /// <summary>Starts a script, which knows the contracts by the file that DESCRIPTORS names.</summary>
    public static async Task<LoadProcess> StartAsync(string script, string descriptors, IEnumerable<string> arguments, params (string Key, string Value)[] environment)
    {
        await WriteContractsAsync(descriptors);
        var start = new ProcessStartInfo(Needs.Python!, [script, .. arguments]) { WorkingDirectory = Folder };
        start.Environment["DESCRIPTORS"] = descriptors;
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        return LoadProcess.Start(start);
    }

    /// <summary>The version of Python, and those of modules.</summary>
    public static IEnumerable<(string Name, string? Version)> Versions(params string[] modules) =>
        modules.Select(m => (m, Machine.Output(Needs.Python!, "-c", $"import {m}; print({m}.__version__)"))).Prepend(("Python", Machine.Output(Needs.Python!, "--version")?.Split(' ')[^1]));

    private static async Task WriteContractsAsync(string file)
    {
        var set = new FileDescriptorSet();
        var seen = new HashSet<string>();
        Add(UsersReflection.Descriptor);
        Add(OrdersReflection.Descriptor);
        await using var output = File.Create(file);
        Google.Protobuf.MessageExtensions.WriteTo(set, output);

        void Add(FileDescriptor descriptor)
        {
            if (!seen.Add(descriptor.Name))
                return;
            foreach (var dependency in descriptor.Dependencies)
                Add(dependency);
            set.File.Add(FileDescriptorProto.Parser.ParseFrom(descriptor.SerializedData));
        }
    }
}

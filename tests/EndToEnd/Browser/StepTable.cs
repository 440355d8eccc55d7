using CucumberExpressions;

namespace Microservices.Tests.EndToEnd.Browser;

/// <summary>What each step does, by its Cucumber expression. A text in quotes is <c>{string}</c>.</summary>
internal sealed class StepTable : IParameterTypeRegistry
{
    private readonly List<(CucumberExpression Expression, Func<string, Task> Run)> steps = [];

    /// <summary>Adds a step; it is given its text in quotes, if there is one.</summary>
    public void Add(string expression, Func<string, Task> run) => steps.Add((new CucumberExpression(expression, this), run));

    /// <summary>Does a step.</summary>
    /// <exception cref="InvalidOperationException">There is no such step, or more than one.</exception>
    public Task RunAsync(string step)
    {
        var found = steps.Select(each => (Match: each.Expression.Regex.Match(step), each.Run)).Where(each => each.Match.Success).ToList();
        return found.Count == 1 ? found[0].Run(found[0].Match.Groups[1].Value.Trim('"')) : throw new InvalidOperationException($"{found.Count} steps are '{step}'.");
    }

    public IParameterType? LookupByTypeName(string name) => name == Text.TypeName ? new Text() : null;

    public IEnumerable<IParameterType> GetParameterTypes() => [new Text()];

    private sealed class Text : IParameterType
    {
        public const string TypeName = "string";

        public string[] RegexStrings => ["\"[^\"]*\""];

        public string Name => TypeName;

        public Type ParameterType => typeof(string);

        public int Weight => 0;

        public bool UseForSnippets => true;
    }
}
